"""What a workbook says of itself: its sheets, where their parts are, and what its formats show."""

from collections.abc import Sequence

from outbound.call_lists.cell_texts import Sort, sort_of


class Book:
    """Hears the part that names the sheets."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        """Name, the link by which its part is found, and whether a program shows it."""
        self.since_1904 = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element of the part begins. Raises KeyError where a sheet has no name."""
        if tag == "sheet":
            link = next((told for name, told in attributes.items() if name.endswith(":id")), "")
            self.sheets.append((attributes["name"], link, attributes.get("state", "visible") == "visible"))
        elif tag == "workbookPr":
            self.since_1904 = attributes.get("date1904") in ("1", "true")

    def end(self, tag: str) -> None:
        """Nothing is waited for."""

    def text(self, said: str) -> None:
        """There is none."""


class Related:
    """Hears the part that tells where the sheets are."""

    def __init__(self) -> None:
        self.worksheets: dict[str, str] = {}
        """By link: the sheets that hold cells."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element of the part begins. Raises KeyError where it leads nowhere."""
        if tag == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            self.worksheets[attributes["Id"]] = attributes["Target"]

    def end(self, tag: str) -> None:
        """Nothing is waited for."""

    def text(self, said: str) -> None:
        """There is none."""


class Styles:
    """Hears the part that tells how cells are shown."""

    def __init__(self) -> None:
        self._codes: dict[int, str] = {}
        self._formats: list[int] = []
        self._inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element of the part begins. Raises ValueError where a number is none."""
        if tag == "numFmt":
            self._codes[int(attributes["numFmtId"])] = attributes["formatCode"]
        elif tag == "cellXfs":
            self._inside = True
        elif tag == "xf" and self._inside:
            self._formats.append(int(attributes.get("numFmtId", 0)))

    def end(self, tag: str) -> None:
        """An element of the part ends."""
        if tag == "cellXfs":
            self._inside = False

    def text(self, said: str) -> None:
        """There is none."""

    def sorts(self) -> Sequence[Sort]:
        """What each style shows, in the order in which cells name them."""
        return [sort_of(number, self._codes.get(number)) for number in self._formats]
