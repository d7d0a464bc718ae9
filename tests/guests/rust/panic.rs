//! exit: 134
// A panic prints its message and ends in a trap.
use std::panic;

fn main() {
    let v: Vec<i32> = (0..3).collect();
    println!("{}", v[2]);
    panic::set_hook(Box::new(|info| println!("hook: {}", info.location().map_or(0, |l| l.line()))));
    let i = std::env::args().count() + 2;
    println!("{}", v[i]);
}
