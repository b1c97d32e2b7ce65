"""Broken text files: encodings, line ends, separators, quotation marks, rows of the wrong length, headers."""

from __future__ import annotations

import gzip
from datetime import date

from exhibit import DAY, GOOD, HEADER, ID, NAME, READ, ROW, VALUE, Exhibit, Read, Refused, SetAside

JAPANESE = GOOD.replace(NAME, "山田").replace("note", "備考")
ACCENTED = GOOD.replace(NAME, "Müller")
MAC = GOOD.replace("\n", "\r")
WINDOWS = GOOD.replace("\n", "\r\n")
SEMICOLONS = GOOD.replace(",", ";")
TWICE = ((ID, date(2024, 5, 17), 7.77),) * 2
SAVE_AS = "Save it as CSV UTF-8"
FEWER = "a row has fewer fields than the header"
MORE = "a row has more fields than the header"
MARKS = "a quotation mark is not closed, or stands within a field"

ENCODINGS = (
    Exhibit("UTF-8 with a byte order mark", GOOD.encode("utf-8-sig"), Read("a byte order mark is no part of the first name")),
    Exhibit("UTF-16, little end first, with its mark", b"\xff\xfe" + GOOD.encode("utf-16-le"), Read("a byte order mark says what the file is")),
    Exhibit("UTF-16, big end first, with its mark", b"\xfe\xff" + GOOD.encode("utf-16-be"), Read("a byte order mark says what the file is")),
    Exhibit("UTF-32 with its mark", GOOD.encode("utf-32"), Read("a byte order mark says what the file is")),
    Exhibit("UTF-16 without a mark, not declared", GOOD.encode("utf-16-le"), Refused("holds NUL bytes", 'encoding = "utf-16-le"', (1, 2, 3))),
    Exhibit("UTF-16 without a mark, declared", GOOD.encode("utf-16-be"), Read("a declared encoding is used"), {"encoding": "utf-16-be"}),
    Exhibit("UTF-16 without a mark, declared without its order", GOOD.encode("utf-16-le"), Refused("needs a byte order mark", "utf-16-le"), {"encoding": "utf-16"}),
    Exhibit("UTF-16 cut in the middle of a letter", GOOD.encode("utf-16")[:-1], Refused("the file is not utf-16 text", "correct encoding", (2,))),
    Exhibit("Japanese Windows (CP932), not declared", JAPANESE.encode("cp932"), Refused("not UTF-8 text", 'encoding = "cp932"', (1,))),
    Exhibit("Japanese Windows (CP932), declared", JAPANESE.encode("cp932"), Read("a declared encoding is used"), {"encoding": "cp932"}),
    Exhibit("Japanese UNIX (EUC-JP), declared", JAPANESE.encode("euc-jp"), Read("a declared encoding is used"), {"encoding": "euc-jp"}),
    Exhibit("CP932 with half a letter", (GOOD + ROW).encode().replace(b"Yamada\n", b"\x82\n"), Refused("not cp932 text", "correct encoding", (2,)), {"encoding": "cp932"}),
    Exhibit("Western Windows (CP1252), not declared", ACCENTED.encode("cp1252"), Refused("not UTF-8 text", '"cp1252"', (2,))),
    Exhibit("Western Windows (CP1252), declared", ACCENTED.encode("cp1252"), Read("a declared encoding is used"), {"encoding": "cp1252"}),
    Exhibit("UTF-8, declared as CP1252, in which every byte is some letter", ACCENTED, Refused("the file is UTF-8 text and the plan says cp1252", "Remove encoding"), {"encoding": "cp1252"}),
    Exhibit("UTF-16 with its mark, declared as CP932", GOOD.encode("utf-16"), Refused("byte order mark says utf-16 and the plan says cp932", "Correct or remove encoding"), {"encoding": "cp932"}),
    Exhibit("one row of another encoding, pasted in", ACCENTED.encode() + ROW.replace(NAME, "Müller").encode("cp1252"), Refused("not UTF-8 text", SAVE_AS, (3,))),
    Exhibit("NUL bytes within a value", GOOD.encode() + ROW.replace(VALUE, "7\x00.77").encode(), Refused("holds NUL bytes", "Export it again", (3,))),
    Exhibit("a block of NUL bytes where a disk failed", GOOD.encode() + b"\x00" * 4096, Refused("holds NUL bytes", "Export it again", (3,))),
    Exhibit("a control character in a note", GOOD.replace(NAME, "\x07bell"), Read("columns that the plan does not name are left as they are")),
    Exhibit("gzip, with its ending", gzip.compress(GOOD.encode()), Read("a file ending in .gz is unzipped"), file="labs.csv.gz"),
    Exhibit("gzip without its ending", gzip.compress(GOOD.encode()), Read("a zipped file is known by its first bytes")),
    Exhibit("gzip cut short", gzip.compress(GOOD.encode())[:-9], Refused("cut short", "export it again"), file="labs.csv.gz"),
    Exhibit("plain text under the name of a zipped file", GOOD, Refused("not a gzip file", "export it again"), file="labs.csv.gz"),
    Exhibit("gzip of CP932 text, declared", gzip.compress(JAPANESE.encode("cp932")), Read("a declared encoding is used"), {"encoding": "cp932"}, "labs.csv.gz"),
    Exhibit("a workbook under the name of a text file", b"PK\x03\x04" + b"\x00" * 60, Refused("a workbook, whatever its name says", ".xlsx")),
    Exhibit("a web page saved instead of the table", "<!DOCTYPE html>\n<html><body>Please log in</body></html>\n", Refused("the column 'id' does not exist", "Row 1 must hold the names")),
)  # fmt: skip

SHAPE = (
    Exhibit("an empty file", b"", Refused("the file is empty", "Export it again")),
    Exhibit("nothing but blank lines", "\n\n\n", Refused("the file is empty", "Export it again")),
    Exhibit("a header and no rows", HEADER, Refused("the table is empty", "export it again")),
    Exhibit("a header and blank rows", HEADER + ",,,,\n\n,,,,\n", Refused("the table is empty", "export it again")),
    Exhibit("lines that end in carriage return and line feed", WINDOWS, Read("all line ends are line ends")),
    Exhibit("lines that end in carriage returns, as on old Macintoshes", MAC, Read("all line ends are line ends")),
    Exhibit("no line end after the last row", GOOD.rstrip("\n"), Read("the last row needs no line end")),
    Exhibit("blank lines between rows and below them", GOOD + "\n" + ROW + "\n\n", Read("rows in which nothing stands are left out and counted; the others keep their numbers", TWICE, ("3 blank rows left out",))),
    Exhibit("rows of commas alone, as spreadsheets leave them", GOOD + ",,,,\n,,,,\n", Read("rows in which nothing stands are left out and counted; the others keep their numbers", READ, ("2 blank rows left out",))),
    Exhibit("semicolons, not declared", SEMICOLONS, Refused("not separated by commas but by semicolons", 'delimiter = ";"')),
    Exhibit("semicolons and decimal commas, declared", SEMICOLONS.replace("7.77", "7,77"), Read("declared separators are used"), {"delimiter": ";", "decimal": ","}),
    Exhibit("tabs, not declared", GOOD.replace(",", "\t"), Refused("not separated by commas but by tabs", 'delimiter = "\\t"'), file="labs.tsv"),
    Exhibit("tabs, declared", GOOD.replace(",", "\t"), Read("declared separators are used"), {"delimiter": "\t"}, "labs.tsv"),
    Exhibit("bars, declared", GOOD.replace(",", "|"), Read("declared separators are used"), {"delimiter": "|"}, "labs.txt"),
    Exhibit("semicolons declared, commas found", GOOD, Refused("not separated by semicolons but by commas", 'delimiter = ","'), {"delimiter": ";"}),
    Exhibit("commas in the header, semicolons in the rows", HEADER + ROW.replace(",", ";"), Refused(FEWER, "Complete the rows", (2,))),
    Exhibit("one row of semicolons among commas", GOOD + ROW.replace(",", ";") + ROW, Refused(FEWER, "Complete the rows", (3,))),
    Exhibit("decimal commas in a file of commas", GOOD + ROW.replace("7.77", "7,77"), Refused(MORE, "Quote fields that hold commas", (3,))),
    Exhibit("a row of too many fields", GOOD + ROW.replace("\n", ",,\n") + ROW, Refused(MORE, "Quote fields that hold commas", (3,))),
    Exhibit("a row of too few fields", GOOD + f"{ID},{DAY},{VALUE}\n" + ROW, Refused(FEWER, "Complete the rows", (3,))),
    Exhibit("a file that was cut short within its last row", GOOD + ROW[:9], Refused(FEWER, "cut short", (3,))),
    Exhibit("a note of several lines, quoted", GOOD.replace(NAME, f'"{NAME},\nfirst\nvisit"') + ROW, Read("a quoted field may go over several lines and counts as one row", TWICE)),
    Exhibit("a note of several lines, quoted, above a short row", GOOD.replace(NAME, f'"{NAME}\nfirst"') + f"{ID},{DAY}\n", Refused(FEWER, "Complete the rows", (3,))),
    Exhibit("doubled quotation marks within a quoted field", GOOD.replace(NAME, '"the ""old"" one"'), Read("marks are doubled within quoted fields")),
    Exhibit("a quotation mark that is not closed", GOOD + ROW.replace(NAME, f'"{NAME}') + ROW, Refused(MARKS, "Quote the whole field", (3,))),
    Exhibit("a quotation mark within a field", GOOD + ROW.replace(NAME, '5" tube') + ROW, Refused(MARKS, "Quote the whole field", (3,))),
    Exhibit("text after a closing quotation mark", GOOD + ROW.replace(NAME, f'"{NAME}" x'), Refused(MARKS, "Quote the whole field", (3,))),
    Exhibit("every field in quotation marks", "".join(",".join(f'"{f}"' for f in line.split(",")) + "\n" for line in GOOD.splitlines()), Read("quotation marks are no part of a field")),
    Exhibit("blanks around fields", GOOD.replace(",", " , ").replace(" , note", ",note").replace("id ,", "id,").replace(", date ,", ",date,").replace(" value ,", "value,").replace(" unit,", "unit,"), Read("blanks around ids, dates and values say nothing")),
    Exhibit("single quotation marks around a value", GOOD + ROW.replace(VALUE, f"'{VALUE}'"), SetAside("a value must be a number")),
    Exhibit("the header once more within the table", GOOD + HEADER + ROW, SetAside("a date must be written year first", (3,), "date")),
    Exhibit("no header", ROW * 2, Refused("the column 'id' does not exist", "header_row")),
    Exhibit("a table of one column", "id\n78123\n\n78123\n", Read("rows in which nothing stands are left out and counted; the others keep their numbers", ((ID,),) * 2, ("1 blank row left out",)), {"time": None, "value": None, "unit": None}),
    Exhibit("a title above the header, not declared", "Laboratory extract\n" + GOOD, Refused(MORE, "Quote fields", (2, 3))),
    Exhibit("a title above the header, declared", "Laboratory extract\nprinted today\n" + GOOD, Read("header_row says where the names stand; rows keep the numbers of the file"), {"header_row": 3}),
    Exhibit("blank lines above the header", "\n\n" + GOOD, Refused("row 1 is blank, and the header must stand there", "header_row")),
    Exhibit("a header declared below the end of the file", GOOD, Refused("the file has no row 9", "Correct header_row"), {"header_row": 9}),
    Exhibit("a column that is not there", GOOD.replace("unit", "units"), Refused("the column 'unit' does not exist", "Did you mean 'units'?")),
    Exhibit("a column named in capitals", GOOD.replace("value", "VALUE"), Refused("the column 'value' does not exist", "Did you mean 'VALUE'?")),
    Exhibit("a column whose name stands twice", GOOD.replace("note", "value"), Refused("the column 'value' stands twice in the header", "Rename one of them")),
    Exhibit("columns without a name", GOOD.replace("note", ""), Read("columns that the plan does not name are left as they are")),
    Exhibit("a kind of file that is not read", b"$FL2@(#)", Refused("this kind of file is not read", ".parquet"), file="labs.sav"),
    Exhibit("a file that is not there", lambda folder: None, Refused("the file does not exist", "Put it into the data folder")),
    Exhibit("a folder in place of the file", lambda folder: (folder / "labs.csv").mkdir(), Refused("cannot be opened", "Check that it is a file")),
    Exhibit("a note of 64 MB", lambda folder: (folder / "labs.csv").write_text(GOOD.replace(NAME, "x" * 2**26)), Read("a field may be long"), long=True),
    Exhibit("a value of 64 MB of digits", lambda folder: (folder / "labs.csv").write_text(GOOD + ROW.replace(VALUE, "7" * 2**26)), SetAside("a value must be finite"), long=True),
    Exhibit("a line of 64 MB of commas", lambda folder: (folder / "labs.csv").write_text(GOOD + "," * 2**26 + "\n"), Refused(MORE, "Quote fields", (3,)), long=True),
    Exhibit("64 MB without a line end", lambda folder: (folder / "labs.csv").write_bytes(b"x" * 2**26), Refused("the column 'id' does not exist", "Row 1 must hold the names"), long=True),
)  # fmt: skip
