//! Patterns that a text must match in full: signs, sets, groups, alternatives, repetitions. What
//! means different things to different engines (`\d`, anchors, look-around) is not known here.

/// Most repetitions of anything.
const MOST: usize = 1_000;

/// A pattern, or a part of one.
enum Node {
    /// One sign out of ranges, or out of none of them.
    Set { negated: bool, ranges: Vec<(char, char)> },
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat { node: Box<Node>, least: usize, most: usize },
}

/// A pattern that was understood.
pub struct Pattern {
    text: String,
    root: Node,
}

impl Pattern {
    /// `None` where there is anything in it that is not known here.
    pub fn read(text: &str) -> Option<Pattern> {
        let mut reader = Reader { signs: text.chars().collect(), at: 0 };
        let root = reader.either()?;
        (reader.at == reader.signs.len()).then(|| Pattern { text: text.to_string(), root })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether all of a text matches. Takes time by the length of both, however they are made.
    pub fn matches(&self, text: &str) -> bool {
        let signs: Vec<char> = text.chars().collect();
        let mut places = vec![false; signs.len() + 1];
        places[0] = true;
        self.root.after(&signs, &places)[signs.len()]
    }
}

impl Node {
    /// The places at which a match can end that begins at one of `places`.
    fn after(&self, signs: &[char], places: &[bool]) -> Vec<bool> {
        match self {
            Node::Set { negated, ranges } => {
                let mut ends = vec![false; places.len()];
                for (place, &sign) in signs.iter().enumerate() {
                    let inside = ranges.iter().any(|&(low, high)| (low..=high).contains(&sign));
                    ends[place + 1] = places[place] && inside != *negated;
                }
                ends
            }
            Node::Sequence(nodes) => {
                nodes.iter().fold(places.to_vec(), |ends, node| node.after(signs, &ends))
            }
            Node::Either(nodes) => {
                let mut ends = vec![false; places.len()];
                for node in nodes {
                    add(&mut ends, &node.after(signs, places));
                }
                ends
            }
            Node::Repeat { node, least, most } => {
                let mut last = places.to_vec();
                for _ in 0..*least {
                    last = node.after(signs, &last);
                }
                let mut ends = last.clone();
                for _ in *least..*most {
                    last = node.after(signs, &last);
                    if !add(&mut ends, &last) {
                        break;
                    }
                }
                ends
            }
        }
    }
}

/// Adds places to others; whether there was a new one.
fn add(ends: &mut [bool], more: &[bool]) -> bool {
    let mut new = false;
    for (end, &other) in ends.iter_mut().zip(more) {
        new |= other && !*end;
        *end |= other;
    }
    new
}

struct Reader {
    signs: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.signs.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let sign = self.peek()?;
        self.at += 1;
        Some(sign)
    }

    fn take(&mut self, sign: char) -> bool {
        let there = self.peek() == Some(sign);
        self.at += there as usize;
        there
    }

    fn either(&mut self) -> Option<Node> {
        let mut nodes = vec![self.sequence()?];
        while self.take('|') {
            nodes.push(self.sequence()?);
        }
        Some(Node::Either(nodes))
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        while !matches!(self.peek(), None | Some('|' | ')')) {
            let node = self.single()?;
            nodes.push(self.repeated(node)?);
        }
        Some(Node::Sequence(nodes))
    }

    fn single(&mut self) -> Option<Node> {
        match self.next()? {
            '(' => {
                if self.take('?') && !self.take(':') {
                    return None;
                }
                let node = self.either()?;
                self.take(')').then_some(node)
            }
            '[' => self.set(),
            '.' => Some(Node::Set { negated: true, ranges: vec![('\n', '\n')] }),
            '\\' => self.escaped().map(one),
            '*' | '+' | '?' | '{' | '}' | ']' | '^' | '$' => None,
            sign => Some(one(sign)),
        }
    }

    fn escaped(&mut self) -> Option<char> {
        self.next().filter(|sign| sign.is_ascii_punctuation())
    }

    fn set(&mut self) -> Option<Node> {
        let negated = self.take('^');
        let mut ranges = Vec::new();
        while !self.take(']') {
            let low = self.member()?;
            let range = self.peek() == Some('-') && self.signs.get(self.at + 1) != Some(&']');
            let high = if range {
                self.at += 1;
                self.member()?
            } else {
                low
            };
            ranges.push((low, high));
        }
        (!ranges.is_empty() && ranges.iter().all(|(low, high)| low <= high))
            .then_some(Node::Set { negated, ranges })
    }

    fn member(&mut self) -> Option<char> {
        match self.next()? {
            '\\' => self.escaped(),
            '[' => None,
            sign => Some(sign),
        }
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (least, most) = match self.peek() {
            Some('*') => (0, MOST),
            Some('+') => (1, MOST),
            Some('?') => (0, 1),
            Some('{') => {
                self.at += 1;
                let least = self.number()?;
                let most = if self.take(',') { self.number()? } else { least };
                if self.peek() != Some('}') || least > most || most > MOST {
                    return None;
                }
                (least, most)
            }
            _ => return Some(node),
        };
        self.at += 1;
        // a second sign of repetition would mean something else
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) {
            return None;
        }
        Some(Node::Repeat { node: Box::new(node), least, most })
    }

    fn number(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek().map_or(false, |sign| sign.is_ascii_digit()) {
            self.at += 1;
        }
        self.signs[start..self.at].iter().collect::<String>().parse().ok()
    }
}

fn one(sign: char) -> Node {
    Node::Set { negated: false, ranges: vec![(sign, sign)] }
}
