"""Why a file is not taken as a call list: each with what to do about it."""

from outbound.errors import Refusal


class FileRefused(Refusal):
    """“{file_name}” cannot be read as a call list."""

    zh = "无法将“{file_name}”读作外呼清单。"
    status = 422


class EmptyFile(FileRefused):
    """“{file_name}” is empty; export the list again and upload it."""

    zh = "“{file_name}”是空文件，请重新导出清单后再上传。"


class HeadOnly(FileRefused):
    """“{file_name}” has a header but no rows beneath it; export the list again with its customers."""

    zh = "“{file_name}”只有表头没有数据，请重新导出带客户数据的清单。"


class NoPhoneColumn(FileRefused):
    """“{file_name}” has no column that is known to hold phone numbers; its headers are {headers}: rename one to
    “手机号码” or choose the column in the preview.
    """

    zh = "“{file_name}”中没有找到号码列，现有表头为：{headers}。请将号码列改名为“手机号码”，或在预览中指定号码列。"


class NotAList(FileRefused):
    """“{file_name}” is {what}, not a call list; upload a CSV or .xlsx file."""

    zh = "“{file_name}”不是外呼清单（实际是{what}），请上传 CSV 或 .xlsx 文件。"


class WebPageInside(FileRefused):
    """“{file_name}” is a web page under the name of a workbook; open it in Excel, save it as .xlsx and upload
    that.
    """

    zh = "“{file_name}”其实是网页格式，并非真正的 Excel 工作簿，请用 Excel 打开后另存为 .xlsx 再上传。"


class OldWorkbook(FileRefused):
    """“{file_name}” is an old .xls workbook or is protected by a password; save it as .xlsx without a password."""

    zh = "“{file_name}”是旧版 .xls 工作簿或设有密码，请另存为不带密码的 .xlsx 再上传。"


class BrokenWorkbook(FileRefused):
    """“{file_name}” is a damaged workbook; open it in Excel, save it again and upload that, or export it as CSV."""

    zh = "“{file_name}”已损坏，无法打开，请用 Excel 重新保存后再上传，或导出为 CSV。"


class WorkbookTooLarge(FileRefused):
    """“{file_name}” unpacks to more than {megabytes} MB or {cells} cells; split it, or export it as CSV."""

    zh = "“{file_name}”解压后超过 {megabytes} MB 或 {cells} 个单元格，请拆分后上传，或导出为 CSV。"


class EntitiesInside(FileRefused):
    """“{file_name}” defines entities of its own, as no spreadsheet program does; export the list again as CSV."""

    zh = "“{file_name}”内含自定义实体，不是正常表格软件生成的文件，请重新导出为 CSV。"


class NoSuchSheet(FileRefused):
    """“{file_name}” has no sheet “{sheet}”; its sheets are {sheets}."""

    zh = "“{file_name}”中没有工作表“{sheet}”，现有工作表为：{sheets}。"


class UnknownEncoding(FileRefused):
    """“{file_name}” is neither UTF-8 nor GB18030 (GBK) text; choose its encoding in the preview, or save it as CSV
    UTF-8.
    """

    zh = "“{file_name}”既不是 UTF-8 也不是 GB18030（GBK）编码，请在预览中选择编码，或另存为 CSV UTF-8 格式。"


class NotInThatEncoding(FileRefused):
    """“{file_name}” is not {encoding} text; choose another encoding, or let it be recognised."""

    zh = "“{file_name}”不是 {encoding} 编码，请改选其他编码，或使用自动识别。"


class NoSuchEncoding(FileRefused):
    """“{encoding}” is not an encoding that lists are read in; choose one of {encodings}."""

    zh = "不支持编码“{encoding}”，请从以下编码中选择：{encodings}。"


class QuoteMissing(FileRefused):
    """The quotation marks in row {row} of “{file_name}” do not pair up; correct that row and upload the file
    again.
    """

    zh = "“{file_name}”第 {row} 行的引号不成对，请改正该行后重新上传。"


class NulInside(FileRefused):
    """Row {row} of “{file_name}” holds a character that no text has (NUL); correct that row or export the list anew."""

    zh = "“{file_name}”第 {row} 行含有文本中不应出现的字符（NUL），请改正该行，或重新导出清单。"


class RowTooLong(FileRefused):
    """Row {row} of “{file_name}” is longer than any customer's row can be; export the list again with a line per
    customer.
    """

    zh = "“{file_name}”第 {row} 行过长，不像一条客户数据，请重新导出，每位客户占一行。"


class TooManyRows(FileRefused):
    """“{file_name}” has more than {limit:,} rows; split it into smaller lists and import them one by one."""

    zh = "“{file_name}”超过 {limit:,} 行，请拆分成多个清单后分别导入。"


class TooManyColumns(FileRefused):
    """“{file_name}” has more than {limit:,} columns, and no list of customers has; keep those that are needed."""

    zh = "“{file_name}”超过 {limit:,} 列，不像客户清单，请只保留需要的列后重新上传。"


class FileGone(FileRefused):
    """The file of “{file_name}” is no longer there; upload it again."""

    zh = "“{file_name}”的文件已不存在，请重新上传。"


class NoSuchRole(FileRefused):
    """“{role}” is nothing that column “{header}” can be; choose one of {roles}."""

    zh = "“{header}”列不能设为“{role}”，请从以下用途中选择：{roles}。"
