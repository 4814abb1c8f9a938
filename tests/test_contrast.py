import pytest
from hypothesis import given
from hypothesis import strategies as st

from haltung.contrast import READABLE, contrast, legible, mixed, tint

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "expected"),  # as the contrast checkers of the field give it
    [
        ("#ffffff", "#767676", 4.54),
        ("#0000ff", "#ffffff", 8.59),
        ("#ff0000", "#00ff00", 2.91),
        ("#123456", "#123456", 1),
    ],
)
def test_contrast_is_that_of_the_guidelines(one, other, expected):
    assert contrast(one, other) == pytest.approx(expected, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@given(COLORS, st.sampled_from([("#fffdf9", "#1d1d1b"), ("#16171a", "#e6e3dc")]))
def test_any_colour_becomes_readable_on_paper_and_tint(color, scheme):
    paper, ink = scheme
    ground = tint(color, paper, ink, 0.4)
    assert contrast(ink, ground) >= READABLE
    assert contrast(legible(color, [paper, ground]), ground) >= READABLE
    assert contrast(legible(color, [paper, ground]), paper) >= READABLE


def test_what_is_readable_stays_as_it_is():
    assert legible("#0072b2", ["#ffffff"]) == "#0072b2"
    assert tint("#0072b2", "#ffffff", "#000000", 0.2) == mixed("#0072b2", "#ffffff", 0.2)
