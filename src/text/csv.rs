//! Lines of tables for spreadsheets, as RFC 4180 has them.

/// A line of a table. What a spreadsheet would take for a formula stands behind an apostrophe.
#[must_use]
pub fn csv_line(fields: &[String]) -> String {
    let cells: Vec<String> = fields.iter().map(|field| cell(field)).collect();
    cells.join(",") + "\r\n"
}

fn cell(text: &str) -> String {
    let is_number = text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let table = [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("@sum", "'@sum"),
            ("+1+1", "'+1+1"),
            ("\t=1", "'\t=1"),
            ("=1,\"2\"", "\"'=1,\"\"2\"\"\""),
            ("-5.00", "-5.00"),
            ("-rm", "'-rm"),
            ("two\nlines", "\"two\nlines\""),
        ];
        for (text, written) in table {
            assert_eq!(cell(text), written);
        }
        assert_eq!(csv_line(&["a".to_owned(), "=b".to_owned()]), "a,'=b\r\n");
    }
}
