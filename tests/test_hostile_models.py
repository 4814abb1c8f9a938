"""Model folders from anywhere: whatever lies in them is one line, and nothing of it runs, hangs or eats memory."""

import bz2
import gzip
import importlib.util
import io
import json
import operator
import os
import pickle
import random
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib.numpy_pickle_compat import NDArrayWrapper
from safetensors import safe_open
from safetensors.numpy import save_file

from haltung import store
from haltung.errors import HaltungError
from haltung.model import load
from haltung.retraining import prepare
from haltung.store import FORMAT, read_metrics, read_model, sign
from haltung.training_report import forgotten_text
from odd_files import NO_FILES, a_folder

MODEL = "model.safetensors"
PAGE = "Seoul prüft Waffen für Kiew\n\nSüdkorea liefert keine Munition. Aaaaaaaaaaaaaaaaaaaaaaaaa, hieß es.\n"
COMPRESSIONS = ["zlib", "gzip", "bz2", "lzma", "xz", *(["lz4"] if importlib.util.find_spec("lz4") else [])]


def one_line(done, *parts):
    lines = done.stderr.splitlines()
    assert done.returncode == 2, done.stderr[-2000:]
    assert len(lines) == 1, done.stderr[-2000:]
    assert lines[0].startswith("haltung: ")
    assert len(lines[0]) < 1000
    assert lines[0].isprintable()
    assert done.stdout == ""
    assert all(part in lines[0] for part in parts), lines[0]
    return True


@pytest.fixture
def classify(bounded):
    """Run `haltung classify` with a model folder, in bounded memory and time."""

    def run(folder, command="classify", page=PAGE, form="table"):
        return bounded(command, "-", "--model", folder, "-f", form, input=page)

    return run


def read(path):
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["haltung"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def changed(folder, change):
    """Rewrite a model file, with checksums that hold, after `change(header, arrays)`."""
    header, arrays = read(folder / MODEL)
    header = change(header, arrays) or header
    text = header if isinstance(header, str) else json.dumps(header)
    whole = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
    save_file(whole, folder / MODEL, metadata={"haltung": text})
    sign(folder)
    return folder


def made(folder, data):
    """Make a model folder of these bytes, with checksums that hold."""
    folder.mkdir(exist_ok=True)
    (folder / MODEL).write_bytes(data)
    sign(folder)
    return folder


# pickles


class Calls:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def system(marker):
    return Calls(os.system, f"touch '{marker}'")


def calls_system(marker, place):
    return pickle.dumps(system(marker))


def calls_system_in_plain_letters(marker, place):
    return pickle.dumps(system(marker), protocol=0)


def calls_eval(marker, place):
    return pickle.dumps(Calls(eval, f"open({str(marker)!r}, 'w')"))


def calls_within_a_dtype(marker, place):
    dtype = Calls(np.dtype, Calls(eval, f"open({str(marker)!r}, 'w') and 'f4'"), False, True)
    return pickle.dumps({"hashes": Calls(np.ndarray, (0,), dtype)})


def calls_within_a_subclass(marker, place):
    reconstruct = np.zeros(0).__reduce__()[0]
    subclass = Calls(eval, f"open({str(marker)!r}, 'w') and __import__('numpy').ndarray")
    return pickle.dumps({"hashes": Calls(reconstruct, subclass, (0,), b"b")})


def calls_within_an_array_of_objects(marker, place):
    return pickle.dumps(np.array([system(marker)], dtype=object))


def calls_within_a_joblib_file(marker, place):
    file = io.BytesIO()
    joblib.dump({"coef": np.zeros(1000), "codebook": system(marker)}, file)
    return file.getvalue()


def calls_within_a_file_elsewhere(marker, place):
    """Joblib's old format: the arrays stand in files beside it, here in one with an absolute path."""
    np.save(place / "elsewhere.npy", np.array([system(marker)], dtype=object), allow_pickle=True)
    return pickle.dumps(NDArrayWrapper(str(place / "elsewhere.npy"), np.ndarray, allow_mmap=False))


def compressed(method):
    def calls_within_a_compressed_file(marker, place):
        path = place / "compressed.joblib"
        joblib.dump({"coef": np.zeros(1000), "codebook": system(marker)}, path, compress=(method, 3))
        return path.read_bytes()

    calls_within_a_compressed_file.__name__ = f"calls_within_{method}"
    return calls_within_a_compressed_file


PICKLES = [
    pytest.param(calls_system, "a pickle that names posix.system"),
    pytest.param(calls_system_in_plain_letters, "a pickle that names posix.system"),
    pytest.param(calls_eval, "a pickle that names builtins.eval"),
    pytest.param(calls_within_a_dtype, "builtins.eval"),
    pytest.param(calls_within_a_subclass, "builtins.eval"),
    pytest.param(calls_within_an_array_of_objects, "posix.system"),
    pytest.param(calls_within_a_joblib_file, "a pickle that names joblib."),
    pytest.param(calls_within_a_file_elsewhere, "a pickle that names joblib.numpy_pickle_compat.NDArrayWrapper"),
    *(pytest.param(compressed(method), "no model") for method in COMPRESSIONS),
]


@pytest.mark.parametrize(("pickled", "named"), PICKLES)
def test_a_pickle_is_named_and_never_run(pickled, named, classify, tmp_path):
    marker = tmp_path / "was-run"
    folder = made(tmp_path / "model", pickled(marker, tmp_path))
    assert one_line(classify(folder), f"{folder / MODEL}: is ", named, "train it anew")
    assert not marker.exists()


def test_these_pickles_do_run_where_they_are_loaded(tmp_path):
    """Without this the test above would show nothing."""
    pickles = [pickled for pickled, _ in map(operator.attrgetter("values"), PICKLES)]
    for pickled in pickles:
        (tmp_path / pickled.__name__).mkdir()
        data = pickled(tmp_path / pickled.__name__ / "was-run", tmp_path / pickled.__name__)
        (tmp_path / pickled.__name__ / MODEL).write_bytes(data)
    code = (
        "import contextlib, joblib, sys\n"
        "for path in sys.argv[1:]:\n"
        "    with contextlib.suppress(Exception):\n"
        "        joblib.load(path)\n"
    )
    paths = [tmp_path / pickled.__name__ / MODEL for pickled in pickles]
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, *paths], check=False, capture_output=True)
    assert [path.parent.name for path in paths if not (path.parent / "was-run").exists()] == []


def test_a_new_process_does_not_run_it_either(haltung, tmp_path):
    folder = made(tmp_path / "model", calls_system(tmp_path / "was-run", tmp_path))
    assert one_line(haltung("classify", "-", "--model", folder, input=PAGE), MODEL, "posix.system")
    assert not (tmp_path / "was-run").exists()


def test_what_is_named_by_a_pickle_cannot_act_on_a_terminal(classify, tmp_path):
    # a global with line ends, colours and a very long name
    name = "\x1b[31mrot\nzweite Zeile\x9b0m" + "a" * 80_000
    pickled = b"\x80\x04" + b"".join(b"X" + struct.pack("<I", len(part)) + part for part in (b"os", name.encode()))
    folder = made(tmp_path / "model", pickled + b"\x93.")
    assert one_line(classify(folder), MODEL, "is a pickle that names os.")
    with pytest.raises(HaltungError) as caught:
        read_model(folder)
    assert "\n" not in str(caught.value)


def test_an_old_folder_is_not_opened(classify, tmp_path):
    marker = tmp_path / "was-run"
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.joblib").write_bytes(calls_within_a_joblib_file(marker, tmp_path))
    assert one_line(classify(tmp_path / "model"), "model.joblib: is of an older haltung and is not opened")
    assert not marker.exists()


def test_an_old_file_beside_a_model_is_not_opened(classify, small_copy, tmp_path):
    marker = tmp_path / "was-run"
    alone = classify(small_copy).stdout
    (small_copy / "model.joblib").write_bytes(calls_system(marker, tmp_path))
    done = classify(small_copy)
    assert (done.returncode, done.stdout) == (0, alone)
    assert not marker.exists()


# files that grow, and files that lie about their length


def zeros():
    return bytes(16_000_000)


def gzip_bomb():
    return gzip.compress(zeros(), 9) * 256  # members one after the other: four gigabytes


def bz2_bomb():
    return bz2.compress(bytes(2_000_000)) * 2048


def zip_bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.writestr("coef.npy", zeros())
        file.filelist += file.filelist * 255  # all are the same bytes
    return out.getvalue()


def with_length(length, rest=b"{}"):
    return struct.pack("<Q", length) + rest


def with_header(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def with_offsets(*tensors, data=bytes(16)):
    """Return a file with the tensors `(dtype, shape, begin, end)`."""
    return with_header(
        {
            "__metadata__": {"haltung": json.dumps({"format": FORMAT})},
            **{
                f"tensor {place}": {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
                for place, (dtype, shape, begin, end) in enumerate(tensors)
            },
        },
        data,
    )


BROKEN = {
    "empty": lambda: b"",
    "one byte": lambda: b"{",
    "a length alone": lambda: with_length(0, b""),
    "gzip bomb": gzip_bomb,
    "bz2 bomb": bz2_bomb,
    "zip bomb": zip_bomb,
    "4 GB header": lambda: with_length(2**32),
    "2^63 header": lambda: with_length(2**63),
    "2^64 - 1 header": lambda: with_length(2**64 - 1),
    "header to the last byte": lambda: with_length(1000, b"{" + bytes(999)),
    "header past the last byte": lambda: with_length(1001, b"{" + bytes(999)),
    "100 MB of blanks for a header": lambda: with_header(b"{" + b" " * 100_000_000),
    "overlapping": lambda: with_offsets(("F32", [3], 0, 12), ("F32", [3], 4, 16)),
    "twice the same": lambda: with_offsets(("F32", [4], 0, 16), ("F32", [4], 0, 16)),
    "out of range": lambda: with_offsets(("F32", [8], 0, 32)),
    "far out of range": lambda: with_offsets(("U8", [2**62], 0, 2**62)),
    "from end to beginning": lambda: with_offsets(("F32", [4], 16, 0)),
    "a hole": lambda: with_offsets(("F32", [1], 0, 4), ("F32", [1], 12, 16)),
    "negative": lambda: with_offsets(("F32", [4], -16, 0)),
    "a shape that overflows": lambda: with_offsets(("F32", [2**40, 2**40], 0, 16)),
    "a shape of another size": lambda: with_offsets(("F32", [5], 0, 16)),
    "an unknown dtype": lambda: with_offsets(("O", [2], 0, 16)),
    "nested arrays": lambda: with_header(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "nested objects": lambda: with_header(b'{"a":' * 200_000 + b"1" + b"}" * 200_000),
    "foreign": lambda: with_offsets(("F32", [4], 0, 16)).replace(b"haltung", b"charset"),
    "without metadata": lambda: with_header({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}, bytes(16)),
    "an image": lambda: b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "a programme": lambda: Path("/bin/true").read_bytes(),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_model_file_is_one_line(name, classify, tmp_path):
    folder = made(tmp_path / "model", BROKEN[name]())
    assert one_line(classify(folder), f"{folder / MODEL}: ")


def test_a_file_larger_than_any_model_is_not_read(classify, tmp_path):
    folder = made(tmp_path / "model", b"")
    with (folder / MODEL).open("wb") as file:
        file.write(with_length(2**32))
        file.truncate(2**33)  # sparse
    assert one_line(classify(folder), f"{folder / MODEL}: has 8,589,934,592 bytes")


@pytest.mark.parametrize("signed", [False, True], ids=["as it was signed", "signed anew"])
def test_a_truncated_model_is_one_line(signed, small_folder, small_copy):
    whole = (small_folder / MODEL).read_bytes()
    for tenth in range(10):
        (small_copy / MODEL).write_bytes(whole[: tenth * len(whole) // 10])
        if signed:
            sign(small_copy)
        with pytest.raises(HaltungError, match=MODEL) as caught:
            read_model(small_copy)
        assert "\n" not in str(caught.value)


def flipped(whole, first, number, seed):
    """Yield `whole` with one byte of `whole[:first]` changed, `number` times."""
    draw = random.Random(seed)
    for _ in range(number):
        data = bytearray(whole)
        data[draw.randrange(first)] ^= draw.randrange(1, 256)
        yield bytes(data)


def test_one_changed_byte_is_found(small_folder, small_copy, monkeypatch, record_property):
    monkeypatch.setattr(store, "_PAUSE", 0)  # for one who may be writing it
    whole = (small_folder / MODEL).read_bytes()
    for data in flipped(whole, len(whole), 200, seed=6):
        (small_copy / MODEL).write_bytes(data)
        with pytest.raises(HaltungError, match=MODEL):
            read_model(small_copy)
    record_property("changed bytes found", 200)


def refused_or_sound(folder):
    """Tell what a model that was changed and signed again is: a `HaltungError`, or one whose probabilities hold."""
    message, verdict = "", None
    try:
        verdict = load(folder).classify(PAGE)
    except HaltungError as error:
        message = str(error)
    if verdict is None:
        assert MODEL in message
        assert "\n" not in message
        return "refused"
    shares = [verdict.probabilities, *(sentence.probabilities for sentence in verdict.sentences)]
    assert np.isfinite([list(found.values()) for found in shares]).all()
    assert [sum(found.values()) for found in shares] == pytest.approx([1] * len(shares), abs=1e-4)
    return "sound"


@pytest.mark.parametrize("part", ["header", "arrays"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_one_changed_byte_that_was_signed_is_refused_or_does_no_harm(part, small_folder, small_copy):
    whole = (small_folder / MODEL).read_bytes()
    header = 8 + struct.unpack("<Q", whole[:8])[0]
    found = []
    for data in flipped(whole, header if part == "header" else len(whole), 100, seed=7):
        (small_copy / MODEL).write_bytes(data)
        sign(small_copy)
        found.append(refused_or_sound(small_copy))
    assert "refused" in found or part == "arrays"


def test_a_newer_format_says_to_update(classify, small_copy):
    changed(small_copy, lambda header, arrays: header.update(format=FORMAT + 1))
    assert one_line(classify(small_copy), f"{MODEL}: has format {FORMAT + 1}", "update haltung")


# what is no file


def test_a_link_to_a_text_is_no_model_and_tells_nothing_of_it(classify, tmp_path):
    (tmp_path / "passwd").write_text("root:x:0:0:geheim:/root:/bin/bash\n" * 50)
    folder = made(tmp_path / "model", b"")
    (folder / MODEL).unlink()
    (folder / MODEL).symlink_to(tmp_path / "passwd")
    done = classify(folder)
    assert one_line(done, f"{folder / MODEL}: ")
    assert "geheim" not in done.stderr


@pytest.mark.parametrize("odd", [*NO_FILES, a_folder])
@pytest.mark.parametrize("name", [MODEL, "SHA256SUMS"])
def test_what_is_no_file_is_one_line(name, odd, classify, small_copy):
    (small_copy / name).unlink()
    odd(small_copy / name)
    assert one_line(classify(small_copy), name)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "abc",
        "\x00" * 1000,
        "\ud800",
        f"{'0' * 64}  {MODEL}\n",
        f"{'0' * 64}  {MODEL}\n" * 100_000,
        f"  {MODEL}\n",
        "{other}",
    ],
)
def test_without_its_checksum_no_model_is_read(text, classify, small_copy):
    sums = small_copy / "SHA256SUMS"
    other = sums.read_text().replace(MODEL, "modell.safetensors")
    sums.unlink()
    if text is not None:
        sums.write_text(text.replace("{other}", other), encoding="utf-8", errors="surrogatepass")
    assert one_line(classify(small_copy), "SHA256SUMS" if text is None else str(small_copy), "train it anew")


def test_checksums_of_the_other_files_do_not_stand_for_the_models(classify, small_copy):
    lines = (small_copy / "SHA256SUMS").read_text().splitlines()
    assert len(lines) > 1
    (small_copy / "SHA256SUMS").write_text("\n".join(line for line in lines if not line.endswith(MODEL)))
    assert one_line(classify(small_copy), "SHA256SUMS: lacks the checksum")


# well-formed files with hostile contents


@pytest.mark.parametrize("command", ["classify", "inspect"])
def test_packed_terms_that_unpack_without_end(command, classify, small_copy):
    bomb = zlib.compressobj(9)
    begun, again = (bomb.compress(bytes(16_000_000)) + bomb.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    packed = np.frombuffer(begun + again * 255, np.uint8)  # four gigabytes
    changed(small_copy, lambda header, arrays: arrays.update({"block 0 terms": packed}))
    done = classify(small_copy, command)
    if command == "classify":  # needs no names
        assert done.returncode == 0
    else:
        assert one_line(done, MODEL, "train it anew")


DEEP = "[" * 200_000 + "]" * 200_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "6",
        '"format"',
        "{}",
        DEEP,
        f'{{"format": {FORMAT}, "lexicon": {DEEP}}}',
        '{"format": null}',
        '{"format": "6"}',
        '{"format": NaN}',
        '{"format": 1e999}',
        f'{{"format": {"9" * 4000}}}',
        '{"format": [6]}',
    ],
    ids=lambda text: text[:24] + f" ({len(text)})",
)
def test_a_header_that_is_none(text, classify, small_copy):
    changed(small_copy, lambda header, arrays: text or "\0")
    assert one_line(classify(small_copy), MODEL)


def codebook(**changes):
    return lambda header, arrays: header["codebook"].update(changes)


def labelled(**changes):
    return lambda header, arrays: header["codebook"]["label"][0].update(changes)


def labels(number):
    return codebook(label=[{"id": f"l{n}"} for n in range(number)], none="l0")


ODD_CODEBOOKS = {
    "a colour and a code": labelled(color="#ff0000\x1b[31m"),
    "a code for a colour": labelled(color="\x1b[2J"),
    "colours": labelled(color=["#ff0000"]),
    "markup": labelled(id="<script>alert(1)</script>"),
    "a formula": labelled(id="=1+1"),
    "a code in an id": labelled(id="a\x1b[31m"),
    "a line end in an id": labelled(id="a\nb"),
    "no id": labelled(id=""),
    "a number for an id": labelled(id=5),
    "10,000 labels": labels(10_000),
    "200,000 labels": labels(200_000),
    "no labels": codebook(label=[]),
    "a table of labels": codebook(label={"id": "a"}),
    "none is a code": codebook(none="\x1b[31m"),
    "none is a list": codebook(none=["no_stance"]),
    "a list": lambda header, arrays: header.update(codebook=[]),
    "a text": lambda header, arrays: header.update(codebook="South Korea"),
    "gone": lambda header, arrays: header.pop("codebook") and None,
}


@pytest.mark.parametrize("name", ODD_CODEBOOKS)
def test_a_hostile_codebook_is_refused(name, classify, small_copy):
    changed(small_copy, ODD_CODEBOOKS[name])
    assert one_line(classify(small_copy), MODEL)


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize("command", ["classify", "inspect"])
def test_titles_of_labels_cannot_act_on_a_terminal(command, form, classify, small_copy):
    evil = "\x1b]0;gekapert\x07\x1b[31m\x9b1m\r\u202e"

    def change(header, arrays):
        header["codebook"] |= {"name": f"Name{evil}", "language": f"en{evil}"}
        for label in header["codebook"]["label"]:
            label["title"] = f"{evil}Titel"

    changed(small_copy, change)
    done = classify(small_copy, command, PAGE * 3, form)
    assert done.returncode == 0, done.stderr
    shown = done.stdout + done.stderr
    assert not {char for char in shown if not char.isprintable()} - {"\n"}, ascii(shown)


def lexicon(data):
    return lambda header, arrays: header.update(lexicon=data)


@pytest.mark.parametrize(
    "data",
    [
        {"arms": "a*" * 5000 + "b"},
        {"arms": "*" + "a*" * 5000 + "b"},
        {"arms": " ".join(f"{'*a' * n}*b" for n in range(1, 1500))},
        {"arms": "(a+)+$ (a|a)*b .*.*.*.*.*x [a-"},
        {"arms": "* ** ***", "": ""},
        {f"class {n}": f"a*{n}" for n in range(5_000)},
        {"\x1b[31m": "*a*"},
        {"arms": 5},
        {"arms": ["a"]},
        {"arms": None},
        ["arms"],
        "arms",
        None,
    ],
    ids=lambda data: str(data)[:30],
)
def test_a_hostile_lexicon_is_refused_or_soon_done(data, classify, small_copy):
    changed(small_copy, lexicon(data))
    page = PAGE + " ".join("a" * n for n in range(1, 400))
    done = classify(small_copy, page=page)
    if done.returncode:
        assert one_line(done, MODEL)
    else:
        assert done.stderr == ""
        assert "\x1b" not in done.stdout


def header(**changes):
    return lambda found, arrays: found.update(changes)


def block(**changes):
    return lambda found, arrays: found["blocks"][0].update(changes)


def array(name, make):
    return lambda found, arrays: arrays.update({name: make(arrays[name])})


ODD_NUMBERS = {
    "learnt = -1": header(learnt=-1),
    "learnt = -1000": header(learnt=-1000),
    "learnt = Infinity": header(learnt=float("inf")),
    "learnt = NaN": header(learnt=float("nan")),
    "learnt = 10^400": header(learnt=10**400),
    "learnt = '120'": header(learnt="120"),
    "learnt = null": header(learnt=None),
    "no blocks": header(blocks=[]),
    "blocks = {}": header(blocks={}),
    "blocks = 'words'": header(blocks="words"),
    "blocks = [[]]": header(blocks=[[]]),
    "weight = NaN": block(weight=float("nan")),
    "weight = Infinity": block(weight=float("inf")),
    "weight = 1e308": block(weight=1e308),
    "weight = '1'": block(weight="1"),
    "1.5 to 2.5 words": block(low=1.5, high=2.5),
    "a billion words": block(high=10**9),
    "-1 words": block(low=-1),
    "cut = Infinity": block(cut=float("inf")),
    "cut = -3": block(cut=-3),
    "skip = null": block(skip=None),
    "kind = [chars]": block(kind=["chars"]),
    "intercepts a square": array("intercept", lambda found: np.tile(found, (len(found), 1))),
    "intercepts 1e308": array("intercept", lambda found: np.full(len(found), 1e308)),
    "intercepts a number": array("intercept", lambda found: np.float64(1)),
    "hashes a column": array("block 0 hashes", lambda found: found[:, None]),
    "hashes real numbers": array("block 0 hashes", lambda found: found.astype(np.float64)),
    "weights 1e308": array("block 0 coef", lambda found: np.full(found.shape, 1e308)),
    "weights 2^62": array("block 0 coef", lambda found: np.full(found.shape, 2**62)),
    "weights yes or no": array("block 0 coef", lambda found: found > 0),
    "weights a cube": array("block 0 coef", lambda found: found[:, :, None]),
    "df 2^64 - 1": array("block 0 df", lambda found: np.full(found.shape, 2**64 - 1, np.uint64)),
    "df infinite": array("block 0 df", lambda found: found.astype(np.float32) - np.inf),
    "terms cut off": array("block 0 terms", lambda found: found[:10]),
    "terms a square": array("block 0 terms", lambda found: np.zeros((3, 3))),
    "layer 1e308": array("alone weights", lambda found: np.full(found.shape, 1e308)),
    "layer NaN": array("alone weights", lambda found: found * np.nan),
    "layer never": array("alone bias", lambda found: np.full(found.shape, -np.inf)),
    "layer a row": array("alone bias", lambda found: found[None]),
    "layer in context -1e308": array("within weights", lambda found: np.full(found.shape, -1e308)),
}


@pytest.mark.parametrize("name", ODD_NUMBERS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_hostile_numbers_are_refused_or_do_no_harm(name, small_copy):
    changed(small_copy, ODD_NUMBERS[name])
    refused_or_sound(small_copy)


# the files beside the model


@pytest.mark.parametrize(
    "text", ["[]", "5", '"x"', "null", DEEP, '{"a":' * 100_000, "9" * 5000, '{"trained_on": 5}', "\ud800", "NaN"]
)
def test_hostile_metrics_are_none(text, small_copy):
    (small_copy / "metrics.json").write_text(text, encoding="utf-8", errors="surrogatepass")
    assert isinstance(read_metrics(small_copy), dict)


@pytest.mark.parametrize("files", [5, "abc", [5], ["abc"], [{}], [{"name": None}, {"name": "a"}, {"name": 5}]], ids=str)
def test_what_a_model_learnt_from_may_be_anything(files, small_copy, data):
    prepared = prepare([data / "small" / "sentences.csv"], data / "small")
    for metrics in ({"trained_on": {"files": files}}, {"trained_on": files}):
        (small_copy / "metrics.json").write_text(json.dumps(metrics))
        assert "\n" not in (forgotten_text(read_metrics(small_copy), prepared) or "")


def test_names_of_files_that_a_model_learnt_from_cannot_act_on_a_terminal(bounded, small_copy, data):
    names = ["\x1b[31mrot\x9b\n.csv", "\u202erot.csv"]
    metrics = {"trained_on": {"files": [{"name": name, "sha256": ""} for name in names]}}
    (small_copy / "metrics.json").write_text(json.dumps(metrics))
    given = ["--annotations", data / "small", "--model", small_copy]
    done = bounded("retrain", data / "small" / "sentences.csv", *given)
    assert done.returncode == 0, done.stderr
    assert "rot" in done.stdout
    assert not {char for char in done.stdout if not char.isprintable()} - {"\n"}, ascii(done.stdout)


@pytest.mark.parametrize("command", ["classify", "rollback"])
@pytest.mark.parametrize("name", [".new", ".previous", ".draft"])
def test_links_in_a_model_folder_move_nobodys_files(name, command, bounded, small_copy, small_folder, tmp_path):
    """A model from elsewhere whose working folder is a link to a folder of the user's."""
    mine = Path(shutil.copytree(small_folder, tmp_path / "meins"))
    (mine / "notizen.txt").write_text("bitte aufheben")
    before = {path.name: path.read_bytes() for path in mine.iterdir()}
    (small_copy / name).symlink_to(mine)
    done = bounded(command, *(["-"] if command == "classify" else []), "--model", small_copy, input=PAGE)
    assert {path.name: path.read_bytes() for path in mine.iterdir() if path.is_file()} == before
    assert "Traceback" not in done.stderr
