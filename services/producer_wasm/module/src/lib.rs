//! The module of the WASM producer: reads a decoded request, validates it by the scenario's rules,
//! makes the record. docs/wasm.md describes the interface; no scenario is known by name here.

pub mod json;
pub mod number;
pub mod pattern;
pub mod rules;
pub mod text;

use rules::Rules;

/// What lives from call to call. A module has one thread and one of these.
struct State {
    rules: Rules,
    input: Vec<u8>,
    output: Vec<u8>,
}

static mut STATE: State = State { rules: Rules::new(), input: Vec::new(), output: Vec::new() };

fn state() -> &'static mut State {
    // sound: one thread, and no export calls another
    unsafe { &mut *core::ptr::addr_of_mut!(STATE) }
}

extern "C" {
    fn __wasm_call_ctors();
}

/// Called once before anything else. Without it the linker takes the module for a program and
/// wraps start and end of one round every export.
#[no_mangle]
pub extern "C" fn _initialize() {
    unsafe { __wasm_call_ctors() }
}

/// Where the host writes the next `size` bytes. Good until the next call.
#[no_mangle]
pub extern "C" fn alloc(size: u32) -> u32 {
    let input = &mut state().input;
    input.clear();
    input.resize(size as usize, 0);
    input.as_ptr() as usize as u32
}

/// Takes the scenario's fields and rules. Answers why it cannot work by them, or nothing.
#[no_mangle]
pub extern "C" fn init(_at: u32, size: u32) -> u64 {
    let State { rules, input, output } = state();
    output.clear();
    match Rules::read(given(input, size)) {
        Ok(read) => *rules = read,
        Err(reason) => output.extend_from_slice(reason.as_bytes()),
    }
    place(output)
}

/// Takes requests, answers as many verdicts.
#[no_mangle]
pub extern "C" fn handle(_at: u32, size: u32) -> u64 {
    let State { rules, input, output } = state();
    output.clear();
    let mut rest = given(input, size);
    while rest.len() >= 4 {
        let (head, tail) = rest.split_at(4);
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let (request, tail) = tail.split_at(length.min(tail.len()));
        answer(rules, request, output);
        rest = tail;
    }
    place(output)
}

/// Appends one verdict: its length, 0 and the record or 1 and the errors.
fn answer(rules: &Rules, request: &[u8], output: &mut Vec<u8>) {
    let start = output.len();
    output.extend_from_slice(&[0; 5]);
    if let Err(errors) = rules.apply(request, output) {
        output.truncate(start + 5);
        output[start + 4] = 1;
        rules::write_errors(&errors, output);
    }
    let length = (output.len() - start - 4) as u32;
    output[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

fn given(input: &[u8], size: u32) -> &[u8] {
    &input[..(size as usize).min(input.len())]
}

fn place(output: &[u8]) -> u64 {
    (output.as_ptr() as usize as u64) << 32 | output.len() as u64
}
