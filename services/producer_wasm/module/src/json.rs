//! Reads one JSON object: its texts, numbers and words; of lists and objects in it only that they
//! are there. What comes is bounded by the door (32 KiB, eight levels), so nothing is copied twice.

use std::borrow::Cow;

/// Lists and objects in one another; a door takes fewer.
const DEEPEST: usize = 32;

/// One value of a record.
pub enum Value<'a> {
    Null,
    Bool(bool),
    /// The digits as they came.
    Int(&'a str),
    Float(f64),
    Text(Cow<'a, str>),
    List,
    Object,
}

/// What the bytes of a request are.
pub enum Request<'a> {
    Fields(Vec<(Cow<'a, str>, Value<'a>)>),
    /// A value that is no object.
    Other(Value<'a>),
}

/// The request; `None` where the text is no JSON value.
pub fn read(text: &str) -> Option<Request<'_>> {
    let mut reader = Reader { text, at: 0 };
    reader.blanks();
    let request = if reader.peek() == Some(b'{') {
        Request::Fields(reader.fields()?)
    } else {
        Request::Other(reader.value(0)?)
    };
    reader.blanks();
    (reader.at == text.len()).then_some(request)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn fields(&mut self) -> Option<Vec<(Cow<'a, str>, Value<'a>)>> {
        let mut found = Vec::with_capacity(8);
        self.expect(b'{')?;
        self.blanks();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(found);
        }
        loop {
            self.blanks();
            self.expect(b'"')?;
            let name = self.string()?;
            self.blanks();
            self.expect(b':')?;
            found.push((name, self.value(1)?));
            self.blanks();
            match self.next()? {
                b',' => {}
                b'}' => return Some(found),
                _ => return None,
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        self.blanks();
        match self.peek()? {
            b'"' => {
                self.at += 1;
                self.string().map(Value::Text)
            }
            b'{' => self.inside(depth, b'}').map(|()| Value::Object),
            b'[' => self.inside(depth, b']').map(|()| Value::List),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Option<Value<'a>> {
        self.text[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    /// Passes over a list or an object, which has to be good JSON as well.
    fn inside(&mut self, depth: usize, end: u8) -> Option<()> {
        if depth >= DEEPEST {
            return None;
        }
        self.at += 1;
        self.blanks();
        if self.peek()? == end {
            self.at += 1;
            return Some(());
        }
        loop {
            if end == b'}' {
                self.blanks();
                self.expect(b'"')?;
                self.string()?;
                self.blanks();
                self.expect(b':')?;
            }
            self.value(depth + 1)?;
            self.blanks();
            match self.next()? {
                b',' => {}
                byte if byte == end => return Some(()),
                _ => return None,
            }
        }
    }

    fn number(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let mut whole = true;
        while let Some(byte) = self.peek() {
            match byte {
                b'0'..=b'9' | b'-' => {}
                b'+' | b'.' | b'e' | b'E' => whole = false,
                _ => break,
            }
            self.at += 1;
        }
        let token = &self.text[start..self.at];
        if whole && crate::number::is_whole(token, usize::MAX, false) {
            return Some(Value::Int(token));
        }
        if whole || !token.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return None;
        }
        token.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
    }

    /// The string whose first quote was read.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        loop {
            match self.next()? {
                b'"' => return Some(Cow::Borrowed(&self.text[start..self.at - 1])),
                b'\\' => break,
                0..=0x1f => return None,
                _ => {}
            }
        }
        let mut owned = String::from(&self.text[start..self.at - 1]);
        self.escape(&mut owned)?;
        loop {
            let from = self.at;
            while !matches!(self.peek()?, b'"' | b'\\' | 0..=0x1f) {
                self.at += 1;
            }
            owned.push_str(&self.text[from..self.at]);
            match self.next()? {
                b'"' => return Some(Cow::Owned(owned)),
                b'\\' => self.escape(&mut owned)?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self, owned: &mut String) -> Option<()> {
        let sign = match self.next()? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return None,
        };
        owned.push(sign);
        Some(())
    }

    fn unicode(&mut self) -> Option<char> {
        let high = self.hex()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high);
        }
        self.expect(b'\\')?;
        self.expect(b'u')?;
        let low = self.hex()?;
        if !(0xdc00..0xe000).contains(&low) {
            return None;
        }
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
    }

    fn hex(&mut self) -> Option<u32> {
        let mut number = 0;
        for _ in 0..4 {
            number = number << 4 | (self.next()? as char).to_digit(16)?;
        }
        Some(number)
    }
}

/// Appends a text in quotes.
pub fn write(text: &str, output: &mut Vec<u8>) {
    output.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => output.extend_from_slice(&[b'\\', byte]),
            0..=0x1f => output.extend_from_slice(format!("\\u{:04x}", byte).as_bytes()),
            _ => output.push(byte),
        }
    }
    output.push(b'"');
}
