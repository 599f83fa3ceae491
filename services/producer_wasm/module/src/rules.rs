//! A scenario's fields and rules, read once, applied to every request.

use crate::json::{self, Request, Value};
use crate::number::{self, Whole, LIMIT};
use crate::pattern::Pattern;
use crate::text;
use std::borrow::Cow;

/// What is wrong with one field; of the request as a whole where the name is empty.
pub struct Error {
    field: String,
    message: String,
}

type Errors = Vec<Error>;

/// What a field may hold.
enum Kind {
    Text { most: usize, pattern: Option<Pattern> },
    Integer { least: i64, most: i64, span: String },
}

struct Field {
    name: String,
    /// All names without regard to case, in order of preference.
    names: Vec<String>,
    kind: Kind,
}

/// The value of a field of a good request.
#[derive(PartialEq)]
enum Taken<'a> {
    Text(Cow<'a, str>),
    Number(i64),
}

/// Fields in their order, and pairs of fields that must differ.
pub struct Rules {
    fields: Vec<Field>,
    different: Vec<(usize, usize)>,
}

impl Rules {
    /// Of a scenario without fields, until another one is read.
    pub const fn new() -> Rules {
        Rules { fields: Vec::new(), different: Vec::new() }
    }

    /// Reads a description: one line for each field and rule, its words apart by tabs.
    pub fn read(description: &[u8]) -> Result<Rules, String> {
        let description = std::str::from_utf8(description).map_err(|_| "not UTF-8".to_string())?;
        let mut rules = Rules::new();
        for line in description.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            match words[..] {
                ["text", name, most, ref names @ ..] => {
                    let most = most.parse().map_err(|_| broken(line))?;
                    let kind = Kind::Text { most, pattern: None };
                    rules.add(name, names, kind);
                }
                ["integer", name, least, most, ref names @ ..] => {
                    let kind = integer(bound(least, line)?, bound(most, line)?);
                    rules.add(name, names, kind);
                }
                ["pattern", name, text] => {
                    let place = rules.place(name, line)?;
                    let read = Pattern::read(text).ok_or_else(|| broken(line))?;
                    match rules.fields[place].kind {
                        Kind::Text { ref mut pattern, .. } => *pattern = Some(read),
                        Kind::Integer { .. } => return Err(broken(line)),
                    }
                }
                ["different", left, right] => {
                    let pair = (rules.place(left, line)?, rules.place(right, line)?);
                    rules.different.push(pair);
                }
                _ => return Err(broken(line)),
            }
        }
        Ok(rules)
    }

    fn add(&mut self, name: &str, names: &[&str], kind: Kind) {
        let names = names.iter().map(|name| name.to_string()).collect();
        self.fields.push(Field { name: name.to_string(), names, kind });
    }

    fn place(&self, name: &str, line: &str) -> Result<usize, String> {
        self.fields.iter().position(|field| field.name == name).ok_or_else(|| broken(line))
    }

    /// Appends the record of a request, or says what is wrong with it.
    pub fn apply(&self, request: &[u8], output: &mut Vec<u8>) -> Result<(), Errors> {
        let text = std::str::from_utf8(request).map_err(|_| whole("is not UTF-8".to_string()))?;
        let given = match json::read(text) {
            None => return Err(whole("is not JSON".to_string())),
            Some(Request::Other(value)) => {
                return Err(whole(format!("must be an object, is {}", kind_of(&value))))
            }
            Some(Request::Fields(given)) => given,
        };
        let taken = self.taken(&given)?;
        for &(left, right) in &self.different {
            if taken[left] == taken[right] {
                let message = format!("must differ from {}", self.fields[left].name);
                return Err(vec![Error { field: self.fields[right].name.clone(), message }]);
            }
        }
        write_record(&self.fields, &taken, output);
        Ok(())
    }

    fn taken<'a>(&self, given: &'a [(Cow<'a, str>, Value<'a>)]) -> Result<Vec<Taken<'a>>, Errors> {
        let mut taken = Vec::with_capacity(self.fields.len());
        let mut errors = Vec::new();
        let mut folded: Option<Vec<String>> = None;
        for field in &self.fields {
            let exact = given.iter().rposition(|(name, _)| *name == field.name);
            let place = exact.or_else(|| {
                let all = given.iter().map(|(name, _)| text::folded(name));
                let folded = folded.get_or_insert_with(|| all.collect());
                let mut names = field.names.iter();
                names.find_map(|name| folded.iter().rposition(|other| other == name))
            });
            let read = match place {
                None => Err("is missing".to_string()),
                Some(place) => field.read(&given[place].1),
            };
            match read {
                Ok(value) => taken.push(value),
                Err(message) => errors.push(Error { field: field.name.clone(), message }),
            }
        }
        if errors.is_empty() {
            Ok(taken)
        } else {
            Err(errors)
        }
    }
}

impl Field {
    fn read<'a>(&self, value: &'a Value<'a>) -> Result<Taken<'a>, String> {
        match self.kind {
            Kind::Text { most, ref pattern } => read_text(value, most, pattern.as_ref()),
            Kind::Integer { least, most, ref span } => {
                let number = match whole_number(value) {
                    None => Err(shown(value)),
                    Some(Whole { value: Some(n), .. }) if (least..=most).contains(&n) => Ok(n),
                    Some(Whole { shown, .. }) => Err(shown.chars().take(40).collect()),
                };
                let refused = |is| format!("must be a whole number{}, is {}", span, is);
                number.map(Taken::Number).map_err(refused)
            }
        }
    }
}

fn read_text<'a>(
    value: &'a Value<'a>,
    most: usize,
    pattern: Option<&Pattern>,
) -> Result<Taken<'a>, String> {
    let given = match value {
        Value::Text(given) => text::stripped(given),
        _ => return Err(format!("must be a text, is {}", kind_of(value))),
    };
    if given.is_empty() {
        return Err("must not be empty".to_string());
    }
    if given.len() > most {
        let length = given.chars().count();
        if length > most {
            return Err(format!("must have at most {} characters, has {}", most, length));
        }
    }
    if given.chars().any(text::unprintable) {
        return Err("must not hold control characters".to_string());
    }
    if let Some(pattern) = pattern {
        if !pattern.matches(given) {
            return Err(format!("must match {}, is {}", pattern.text(), text::shown(given)));
        }
    }
    Ok(Taken::Text(Cow::Borrowed(given)))
}

fn whole_number(value: &Value) -> Option<Whole> {
    match value {
        Value::Int(digits) => Some(number::of_digits(digits)),
        Value::Float(number) => number::of_float(*number),
        Value::Text(given) => number::of_text(text::stripped(given)),
        _ => None,
    }
}

fn integer(least: Option<i64>, most: Option<i64>) -> Kind {
    let span = match (least, most) {
        (Some(least), Some(most)) => format!(" from {} to {}", least, most),
        (Some(least), None) => format!(", at least {}", least),
        (None, Some(most)) => format!(", at most {}", most),
        (None, None) => String::new(),
    };
    let (limit, least, most) = (LIMIT as i64, least, most);
    Kind::Integer { least: least.unwrap_or(-limit), most: most.unwrap_or(limit), span }
}

fn bound(word: &str, line: &str) -> Result<Option<i64>, String> {
    if word.is_empty() {
        return Ok(None);
    }
    word.parse().map(Some).map_err(|_| broken(line))
}

fn broken(line: &str) -> String {
    format!("knows no rule {:?}", line.replace('\t', " "))
}

fn whole(message: String) -> Errors {
    vec![Error { field: String::new(), message }]
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Text(_) => "a text",
        Value::List => "a list",
        Value::Object => "an object",
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_string(),
        Value::Bool(false) => "False".to_string(),
        Value::Int(digits) => digits.chars().take(40).collect(),
        Value::Float(number) => number::shown(*number).chars().take(40).collect(),
        Value::Text(given) => text::shown(given),
        other => kind_of(other).to_string(),
    }
}

fn write_record(fields: &[Field], taken: &[Taken], output: &mut Vec<u8>) {
    for (place, (field, value)) in fields.iter().zip(taken).enumerate() {
        output.push(if place == 0 { b'{' } else { b',' });
        json::write(&field.name, output);
        output.push(b':');
        match value {
            Taken::Text(value) => json::write(value, output),
            Taken::Number(value) => output.extend_from_slice(value.to_string().as_bytes()),
        }
    }
    output.push(b'}');
}

/// Appends errors as a JSON list of objects with `field` and `message`.
pub fn write_errors(errors: &[Error], output: &mut Vec<u8>) {
    for (place, error) in errors.iter().enumerate() {
        output.extend_from_slice(if place == 0 { b"[{\"field\":" } else { b",{\"field\":" });
        json::write(&error.field, output);
        output.extend_from_slice(b",\"message\":");
        json::write(&error.message, output);
        output.push(b'}');
    }
    output.push(b']');
}
