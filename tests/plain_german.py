"""Sentences for archives, plainly German, so that no language model is loaded for them."""

SENTENCES = [
    "Südkorea prüft, ob es Waffen an die Ukraine liefert oder nicht.",
    "Die Regierung schließt tödliche Waffen für die Ukraine weiter aus.",
    "Man stimme sich mit den Verbündeten ab, sagte die Sprecherin auf der Tagung.",
    "Es regnet in Berlin und auch in der Eifel.",
    "Der Haushalt ist und bleibt umstritten, „auch im nächsten Jahr“.",
    "Zuletzt hat das Land Westen und Helme für die Truppe geliefert.",
]
