//! Texts: what is around them, what they may not hold, how they are shown and compared.

/// The text without blanks around it.
pub fn stripped(text: &str) -> &str {
    text.trim_matches(|sign: char| sign.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&sign))
}

/// Whether a sign would do something to a screen instead of being seen on it.
pub fn unprintable(sign: char) -> bool {
    matches!(sign, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}')
}

/// The text in quotes, one line of at most 40 signs.
pub fn shown(text: &str) -> String {
    let clean = |sign: char| if unprintable(sign) { '\u{fffd}' } else { sign };
    let short: String = text.chars().take(40).map(clean).collect();
    let more = if text.chars().nth(40).is_some() { "…" } else { "" };
    format!("'{}{}'", short, more)
}

/// The text without regard to case.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut made = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            'ß' | 'ẞ' => made.push_str("ss"),
            'ſ' => made.push('s'),
            'ς' => made.push('σ'),
            'ﬀ' => made.push_str("ff"),
            'ﬁ' => made.push_str("fi"),
            'ﬂ' => made.push_str("fl"),
            'ﬃ' => made.push_str("ffi"),
            'ﬄ' => made.push_str("ffl"),
            'ﬅ' | 'ﬆ' => made.push_str("st"),
            _ => made.extend(sign.to_lowercase()),
        }
    }
    made
}
