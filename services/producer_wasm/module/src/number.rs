//! Whole numbers in whatever form they come, and numbers as people are shown them.

/// Beyond this no field has a bound.
pub const LIMIT: i128 = 1_000_000_000_000_000_000;

/// A number that is whole: its value where it is one that a field can have, and how it is shown.
pub struct Whole {
    pub value: Option<i64>,
    pub shown: String,
}

/// Whether a text is a sign, where one may stand, and 1 to `most` digits.
pub fn is_whole(text: &str, most: usize, plus: bool) -> bool {
    let digits = match text.as_bytes().first() {
        Some(b'-') => &text[1..],
        Some(b'+') if plus => &text[1..],
        _ => text,
    };
    let plain = plus || digits == "0" || !digits.starts_with('0');
    (1..=most).contains(&digits.len()) && plain && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Of the digits of an integer.
pub fn of_digits(digits: &str) -> Whole {
    match digits.parse::<i128>() {
        Ok(number) => Whole { value: small(number), shown: number.to_string() },
        Err(_) => Whole { value: None, shown: digits.to_string() },
    }
}

/// Of a number with a point; `None` where something follows the point.
pub fn of_float(number: f64) -> Option<Whole> {
    if number.fract() != 0.0 {
        return None;
    }
    let shown = format!("{:.0}", number);
    let value = if number.abs() < 1e30 { small(number as i128) } else { None };
    Some(Whole { value, shown: if number == 0.0 { "0".to_string() } else { shown } })
}

/// Of a text without blanks around it: `12`, `+3`, `12.0`, `1.2e1`.
pub fn of_text(text: &str) -> Option<Whole> {
    if is_whole(text, 18, true) {
        return Some(of_digits(text));
    }
    if !is_number(text) {
        return None;
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).and_then(of_float)
}

fn small(number: i128) -> Option<i64> {
    (-LIMIT..=LIMIT).contains(&number).then_some(number as i64)
}

fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(|sign| sign == 'e' || sign == 'E') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, rest) = match mantissa.find('.') {
        Some(at) => (&mantissa[..at], Some(&mantissa[at + 1..])),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    is_whole(whole, 18, true)
        && rest.map_or(true, |rest| (1..=18).contains(&rest.len()) && digits(rest))
        && exponent.map_or(true, |exponent| is_whole(exponent, 3, true))
}

/// A number with a point: the fewest digits that tell it from others, `1.5`, `1e+22`, `1e-07`.
pub fn shown(number: f64) -> String {
    let text = format!("{:e}", number);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        return format!("{:?}", number);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{}{:02}", digits, sign, exponent.abs())
}
