"""The article, and edited copies of it, held against the locators into it. The copies are made here, never kept."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_service.errors import DocumentError, ParameterError
from kg_service.provenance.documents import digest, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg_service import Guideline
    from kg_service.provenance.audit import Audit

ARTICLE = Path(__file__).parents[2] / ".." / "shared" / "evidence" / "article.txt"

SEVERAL = {5: "S-META-4", 6: "S-META-4", 7: "S-META-4", 8: "S-META-4"} | dict.fromkeys(range(92, 103), "S-META-7")
"""Lines of the two passages that run over several."""


def rows(audit: Audit, name: str) -> list[dict[str, str]]:
    (section,) = [section for section in audit.sections if section.name == name]
    labels = audit.graph.labels
    return [dict(zip(section.columns, map(labels.shown, f.cells), strict=True)) for f in section.findings]


def changes(audit: Audit) -> list[tuple[str, str, str]]:
    """Return statement, status and line of every passage that is not found in its place."""
    found = rows(audit, "passages")
    assert len(found) == 56
    return [(row["statement"], row["status"], row["line"]) for row in found if row["status"] != "found"]


@pytest.fixture(scope="module")
def article() -> str:
    if not ARTICLE.exists():
        pytest.skip("the article is not beside this clone")
    return ARTICLE.read_text(encoding="utf-8")


@pytest.fixture
def held(guideline: Guideline, tmp_path: Path) -> Callable[[str], Audit]:
    def hold(text: str) -> Audit:
        path = tmp_path / "copy.txt"
        path.write_bytes(text.encode())
        return guideline.audit(document=path)

    return hold


@pytest.fixture
def line_of(article: str, held: Callable[[str], Audit]) -> dict[str, int]:
    return {row["statement"]: int(row["line"]) for row in rows(held(article), "passages")}


def test_an_unedited_copy_passes_whole(article: str, held: Callable[[str], Audit]) -> None:
    audit = held(article)
    assert changes(audit) == []
    assert not audit.reaches("warning")
    assert rows(audit, "passages-in-all") == [{"found": "56", "moved": "0", "altered": "0", "vanished": "0"}]
    found = {row["statement"]: row for row in rows(audit, "passages")}
    assert found["S-EFF-2.2"]["line"] == "59"
    assert found["S-EFF-2.2"]["words"] == article.splitlines()[58].strip(" •")
    assert found["S-EFF-2.2"]["paraphrase"] == "Total hip BMD about +1.8 % at 12 months."
    assert found["S-META-4"]["words"] == " ".join(article.splitlines()[4:8])
    assert [row["line"] for row in rows(audit, "unclaimed")] == ["12", "14", "16", "18", "90", "104", "110"]


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: re.sub(r"(?m)^(\s*)•", r"\1-", text),
        lambda text: text.replace("\n", "   \n\n"),
    ],
    ids=["Windows line ends", "byte order mark", "NBSP", "decomposed", "other bullets", "blank lines"],
)
def test_what_is_no_edit(article: str, held: Callable[[str], Audit], edit: Callable[[str], str]) -> None:
    changed = edit(article)
    assert changed != article
    assert changes(held(changed)) == []


def test_a_word_changed_anywhere_is_found_and_placed(
    article: str, held: Callable[[str], Audit], line_of: dict[str, int]
) -> None:
    """The longest word of every line on which a statement rests."""
    lines = article.split("\n")
    owner = {line: statement for statement, line in line_of.items()} | SEVERAL
    for number, line in enumerate(lines, start=1):
        if not line or number not in owner:
            continue
        word = max(re.findall(r"[^\W\d]+", line), key=len)
        edited = [*lines[: number - 1], line.replace(word, "Xyzzy", 1), *lines[number:]]
        ((statement, status, place),) = changes(held("\n".join(edited)))
        assert (statement, status) == (owner[number], "altered")
        assert owner.get(int(place)) == statement
        assert number in SEVERAL or int(place) == number


def test_the_words_of_an_altered_passage_stand_beside_the_paraphrase(
    article: str, held: Callable[[str], Audit]
) -> None:
    audit = held(article.replace("1.8%", "5.8%"))
    first = rows(audit, "passages")[0]
    assert (first["statement"], first["status"]) == ("S-EFF-2.2", "altered")
    assert "5.8%" in first["words"]
    assert "1.8 %" in first["paraphrase"]
    assert audit.reaches("error")


@pytest.mark.parametrize("statement", ["S-IND-2.3", "S-ADM-2", "S-SPC-1.1", "S-REA-2.2", "S-LEAD-1"])
def test_a_deleted_line(article: str, held: Callable[[str], Audit], line_of: dict[str, int], statement: str) -> None:
    lines = article.split("\n")
    del lines[line_of[statement] - 1]
    ((found, status, line),) = changes(held("\n".join(lines)))
    if statement == "S-LEAD-1":  # a line of the page stands there, and has a word in common
        assert (found, status) == (statement, "altered")
    else:
        assert (found, status, line) == (statement, "vanished", "")


def test_a_moved_line_and_a_line_under_another_heading(
    article: str, held: Callable[[str], Audit], line_of: dict[str, int]
) -> None:
    lines = article.split("\n")
    line = lines.pop(line_of["S-ADM-4"] - 1)
    lines.insert(line_of["S-ADM-1"] - 1, line)
    assert changes(held("\n".join(lines))) == [("S-ADM-4", "moved", str(line_of["S-ADM-1"]))]
    lines = article.split("\n")
    line = lines.pop(line_of["S-ADM-4"] - 1)
    lines.insert(line_of["S-SEQ-1"] - 2, line)  # first of the next section: the order is the same
    assert changes(held("\n".join(lines))) == [("S-ADM-4", "moved", str(line_of["S-SEQ-1"] - 1))]


def test_an_inserted_line_is_claimed_by_nobody(
    article: str, held: Callable[[str], Audit], line_of: dict[str, int]
) -> None:
    lines = article.split("\n")
    lines.insert(line_of["S-SPC-1.2"], "    • A made-up predictor 3")
    audit = held("\n".join(lines))
    assert changes(audit) == []
    added = {"line": str(line_of["S-SPC-1.2"] + 1), "words": "A made-up predictor 3"}
    assert added in rows(audit, "unclaimed")
    assert not audit.reaches("warning")


def test_an_edit_and_an_insertion_side_by_side(
    article: str, held: Callable[[str], Audit], line_of: dict[str, int]
) -> None:
    lines = article.replace("48%", "84%").split("\n")
    lines.insert(line_of["S-EFF-1.1"] - 1, "    • Something else altogether")
    assert changes(held("\n".join(lines))) == [("S-EFF-1.1", "altered", str(line_of["S-EFF-1.1"] + 1))]


def test_a_wholly_other_document(held: Callable[[str], Audit]) -> None:
    audit = held("Tea\n\n  • Brew green tea at 70 °C for one month 1\n  • Fracture risk of the pot is high 2\n" * 300)
    assert {(status, line) for _, status, line in changes(audit)} == {("vanished", "")}
    assert len(rows(audit, "unclaimed")) == 900
    assert changes(held("")) == changes(audit)


def test_one_passage_among_many_of_another_document(article: str, held: Callable[[str], Audit]) -> None:
    line = next(line for line in article.splitlines() if "48%" in line)
    other = "Water, and a pot of it.\n" * 2000
    found = changes(held(f"{other}{line}\n{other}"))
    assert {status for _, status, _ in found} == {"vanished"}
    assert len(found) == 55


def test_words_that_a_spreadsheet_would_run_are_made_harmless(held: Callable[[str], Audit]) -> None:
    assert '"\'=HYPERLINK(1,2)"' in held("=HYPERLINK(1,2)").serialize("csv")


def test_which_source_it_is(guideline: Guideline, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("text", encoding="utf-8")
    audit = guideline.audit("SRC-ARTICLE", path)
    assert audit.to_dict()["source"] == "SRC-ARTICLE"
    with pytest.raises(ParameterError, match=r"No locator into SRC-ARCH has a digest.*SRC-ARTICLE"):
        guideline.audit("SRC-ARCH", path)


def test_a_release_without_digests(knots: Guideline, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="0 sources have locators with a digest"):
        knots.audit(document=tmp_path / "a.txt")


def test_unreadable_documents_are_named_and_not_quoted(guideline: Guideline, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"missing\.txt cannot be read"):
        guideline.audit(document=tmp_path / "missing.txt")
    path = tmp_path / "latin.txt"
    path.write_bytes("secret naïve".encode("latin-1"))
    with pytest.raises(DocumentError, match=r"latin\.txt is not UTF-8 at byte 9") as caught:
        guideline.audit(document=path)
    assert "secret" not in str(caught.value)


@given(st.text())
def test_every_word_of_a_text_is_in_one_passage(text: str) -> None:
    lines = [line for line in text.splitlines() if line.strip()]
    passages = list(split(text))
    assert len(passages) <= len(lines)
    assert all(passage.digest == digest(passage.words) for passage in passages)
    assert [p.line for p in passages] == sorted({p.line for p in passages})
