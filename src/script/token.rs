//! Words of a line: bare, quoted, or `key=value` with either kind of value.

/// One word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// `orders-0`
    Word(String),
    /// `"a value"`, unescaped.
    Quoted(Vec<u8>),
    /// `key=value`; the value unescaped, whether it was quoted or not.
    Pair(String, Vec<u8>),
}

/// Splits a line into words. Everything from an unquoted `#` at the start of a word on is a comment.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn tokens(line: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        if rest.starts_with('"') {
            let (bytes, after) = quoted(rest)?;
            found.push(Token::Quoted(bytes));
            rest = after.trim_start();
            continue;
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '=')
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if let Some(value) = after.strip_prefix('=') {
            if word.is_empty() {
                return Err("a setting is name=value, without a space before the =".to_owned());
            }
            let (bytes, after) = if value.starts_with('"') {
                quoted(value)?
            } else {
                let end = value.find(char::is_whitespace).unwrap_or(value.len());
                let (bare, after) = value.split_at(end);
                (bare.as_bytes().to_vec(), after)
            };
            found.push(Token::Pair(word.to_owned(), bytes));
            rest = after.trim_start();
        } else {
            found.push(Token::Word(word.to_owned()));
            rest = after.trim_start();
        }
    }
    Ok(found)
}

fn quoted(text: &str) -> Result<(Vec<u8>, &str), String> {
    let mut bytes = Vec::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((bytes, &text[at + 1..])),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => bytes.push(b'\n'),
                Some('t') => bytes.push(b'\t'),
                Some('r') => bytes.push(b'\r'),
                Some('"') => bytes.push(b'"'),
                Some('\\') => bytes.push(b'\\'),
                Some('x') => {
                    let hex: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                    let byte = u8::from_str_radix(&hex, 16);
                    bytes.push(byte.map_err(|_| format!("\\x{hex} is not two hex digits"))?);
                }
                other => {
                    let shown = other.map(String::from).unwrap_or_default();
                    return Err(format!(
                        "\\{shown} is not an escape; use \\n \\t \\r \\\" \\\\ \\x41"
                    ));
                }
            },
            c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err("a quoted text ends with \"".to_owned())
}

/// Bytes as a quoted word that [`tokens`] reads back.
pub fn quote(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                c if c.is_control() => {
                    let mut buffer = [0; 4];
                    for byte in c.encode_utf8(&mut buffer).bytes() {
                        text.push_str(&format!("\\x{byte:02x}"));
                    }
                }
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text.push('"');
    text
}

/// Bytes as a setting's value: bare where that reads back, quoted otherwise.
pub fn value(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text)
            if !text.is_empty()
                && !text.starts_with('"')
                && !text.chars().any(|c| c.is_whitespace() || c.is_control()) =>
        {
            text.to_owned()
        }
        _ => quote(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_pairs_and_quotes() {
        let found = tokens("produce p1 orders-0 key=\"a b\" acks=all \"v=1 # no\" # yes").unwrap();
        let pair = |k: &str, v: &str| Token::Pair(k.into(), v.into());
        let expected = [
            Token::Word("produce".into()),
            Token::Word("p1".into()),
            Token::Word("orders-0".into()),
            pair("key", "a b"),
            pair("acks", "all"),
            Token::Quoted(b"v=1 # no".to_vec()),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn every_byte_reads_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(
            tokens(&quote(&bytes)).unwrap(),
            [Token::Quoted(bytes.clone())]
        );
        let pair = format!("key={}", value("日本 \"x\"".as_bytes()));
        assert_eq!(
            tokens(&pair).unwrap(),
            [Token::Pair("key".into(), "日本 \"x\"".into())]
        );
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for text in ["\"open", "\"\\q\"", "=x", "\"\\xg0\""] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }
}
