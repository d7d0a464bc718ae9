// Text: Unicode, formatting, parsing; numbers at their edges.
use std::fmt::Write;
use std::str::FromStr;

#[derive(Debug)]
#[allow(dead_code)]
struct Point {
    x: i32,
    label: Option<&'static str>,
    tags: Vec<(u8, char)>,
}

fn main() {
    let s = "Größe: 日本語 — naïve 😀 ﬁn";
    println!("{} bytes, {} chars", s.len(), s.chars().count());
    println!("{}", s.to_uppercase());
    println!("{}", s.chars().rev().collect::<String>());
    println!("{:?}", s.char_indices().filter(|(_, c)| !c.is_ascii()).map(|(i, _)| i).collect::<Vec<_>>());
    println!("{:?} {:?}", s.find("本"), s.split_whitespace().map(str::len).collect::<Vec<_>>());
    println!("{:?}", "a=1;b=22;;c".split(';').map(|kv| kv.split_once('=')).collect::<Vec<_>>());
    println!("{:?} {:?}", "  trim ".trim(), "xxabcxx".trim_matches('x'));
    println!("{:?}", String::from_utf8(vec![0xc3, 0x28]).map_err(|e| e.utf8_error().valid_up_to()));
    println!("{}", String::from_utf8_lossy(b"ok \xff\xfe end"));
    println!("{:?}", "tab\t\"quote\" \u{1F600} \u{7f} \n");

    println!("[{:>8}] [{:<8}] [{:^8}] [{:*^9}] [{:08.3}] [{:+}] [{:#x}] [{:#010b}] [{:e}]", "r", "l", "c", "m", 3.14159, 7, 255, 5, 1234.5);
    println!("{0} {1} {0} {name:>1$}", "a", 6, name = "n");
    println!("{:?} {:?} {:?} {} {}", 0.1 + 0.2, 1e21, f64::NAN, f64::INFINITY, -0.0);
    println!("{} {} {} {}", f64::MAX, f64::MIN_POSITIVE, f32::EPSILON, 1.0f32 / 3.0);
    println!("{:#?}", Point { x: -1, label: Some("p"), tags: vec![(1, 'a'), (2, '\'')] });
    let mut out = String::new();
    for i in 0..5 {
        write!(out, "{}{}", i, if i < 4 { "," } else { "" }).unwrap();
    }
    println!("{}", out);

    println!("{:?} {:?} {:?}", "42".parse::<u8>(), "300".parse::<u8>().map_err(|e| e.to_string()), "-5".parse::<u32>().map_err(|e| e.to_string()));
    println!("{:?} {:?} {:?}", f64::from_str("1e-7"), "x".parse::<f32>().map_err(|e| e.to_string()), "yes".parse::<bool>().is_err());
    println!("{:?} {:?}", i64::from_str_radix("-7fffffffffffffff", 16), u128::from_str("340282366920938463463374607431768211455"));
    println!("{:?} {:?} {} {}", i32::MAX.checked_add(1), 5u8.checked_sub(6), i32::MAX.wrapping_add(1), 250u8.saturating_add(10));
    println!("{:?} {:?} {}", i64::MIN.overflowing_neg(), 7i32.rem_euclid(-3), (-7i32).rem_euclid(3));
    println!("{} {} {} {}", 300i32 as u8, -1i32 as u32, 3.99f64 as i32, f64::NAN as i32);
    println!("{} {} {}", 1e20 as i64, -1e20 as i64, u64::MAX as f32);
    println!("{} {} {} {}", 0b1011u32.count_ones(), 1u64.leading_zeros(), 40u16.trailing_zeros(), 0x12345678u32.rotate_left(8));
    println!("{:x} {:?} {}", 0x1234u16.swap_bytes(), 258u32.to_le_bytes(), u64::from_be_bytes([0, 0, 0, 0, 0, 0, 1, 2]));
    let (mut a, mut b) = (0u128, 1u128);
    for _ in 0..180 {
        let next = a + b;
        a = b;
        b = next;
    }
    println!("{} {} {}", a, a / 1_000_000_007, a % 998_244_353);
    println!("{:.6} {:.6} {:.6} {}", 2f64.sqrt(), 1f64.exp().ln_1p(), 0.5f64.atan2(-0.3), (2.5f64).round());
    println!("{:.3} {:.3} {:?}", 10f64.powf(-1.5), (7.0f64).rem_euclid(2.5), (3.7f64).clamp(0.0, 1.0));
    println!("{:?}", ["pear", "Äpfel", "fig", "zoo", "äpfel"].iter().map(|w| w.to_lowercase()).max());
    println!("{}", (b'a'..=b'z').map(char::from).filter(|c| !"aeiou".contains(*c)).collect::<String>());
}
