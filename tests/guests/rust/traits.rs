// Traits, generics, closures, pattern matching, ownership.
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::ops::{Add, Index, Mul, Neg};
use std::rc::{Rc, Weak};

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Vec3([f64; 3]);
impl Add for Vec3 {
    type Output = Vec3;
    fn add(self, o: Vec3) -> Vec3 {
        Vec3([self.0[0] + o.0[0], self.0[1] + o.0[1], self.0[2] + o.0[2]])
    }
}
impl Mul<f64> for Vec3 {
    type Output = Vec3;
    fn mul(self, k: f64) -> Vec3 {
        Vec3(self.0.map(|x| x * k))
    }
}
impl Neg for Vec3 {
    type Output = Vec3;
    fn neg(self) -> Vec3 {
        self * -1.0
    }
}
impl Index<char> for Vec3 {
    type Output = f64;
    fn index(&self, c: char) -> &f64 {
        &self.0[match c { 'x' => 0, 'y' => 1, _ => 2 }]
    }
}

trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> String {
        "shape".into()
    }
}
struct Circle(f64);
struct Rect { w: f64, h: f64 }
impl Shape for Circle {
    fn area(&self) -> f64 {
        std::f64::consts::PI * self.0 * self.0
    }
    fn name(&self) -> String {
        format!("circle of {:.1}", self.0)
    }
}
impl Shape for Rect {
    fn area(&self) -> f64 {
        self.w * self.h
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Expr {
    Number(i64),
    Variable(String),
    Binary(Box<Expr>, char, Box<Expr>),
    Let(String, Box<Expr>, Box<Expr>),
}
#[derive(Debug, PartialEq)]
enum EvalError {
    Unknown(String),
    DivisionByZero { at: String },
    Overflow,
}
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Expr::Number(n) if *n < 0 => write!(f, "({})", n),
            Expr::Number(n) => write!(f, "{}", n),
            Expr::Variable(v) => f.write_str(v),
            Expr::Binary(a, op, b) => write!(f, "({} {} {})", a, op, b),
            Expr::Let(v, a, b) => write!(f, "let {} = {} in {}", v, a, b),
        }
    }
}
impl Expr {
    fn eval(&self, scope: &mut HashMap<String, i64>) -> Result<i64, EvalError> {
        Ok(match self {
            Expr::Number(n) => *n,
            Expr::Variable(v) => *scope.get(v).ok_or_else(|| EvalError::Unknown(v.clone()))?,
            Expr::Binary(a, op, b) => {
                let (x, y) = (a.eval(scope)?, b.eval(scope)?);
                match op {
                    '+' => x.checked_add(y).ok_or(EvalError::Overflow)?,
                    '-' => x.checked_sub(y).ok_or(EvalError::Overflow)?,
                    '*' => x.checked_mul(y).ok_or(EvalError::Overflow)?,
                    '/' if y == 0 => return Err(EvalError::DivisionByZero { at: self.to_string() }),
                    '/' => x / y,
                    _ => unreachable!(),
                }
            }
            Expr::Let(v, a, b) => {
                let value = a.eval(scope)?;
                let shadowed = scope.insert(v.clone(), value);
                let result = b.eval(scope);
                match shadowed {
                    Some(old) => scope.insert(v.clone(), old),
                    None => scope.remove(v),
                };
                result?
            }
        })
    }
}
fn bin(a: Expr, op: char, b: Expr) -> Expr {
    Expr::Binary(Box::new(a), op, Box::new(b))
}

struct Node {
    name: &'static str,
    parent: RefCell<Weak<Node>>,
    children: RefCell<Vec<Rc<Node>>>,
}
struct Noisy<'a>(&'a str, &'a RefCell<Vec<String>>);
impl Drop for Noisy<'_> {
    fn drop(&mut self) {
        self.1.borrow_mut().push(format!("drop {}", self.0));
    }
}

fn compose<A, B, C>(f: impl Fn(A) -> B, g: impl Fn(B) -> C) -> impl Fn(A) -> C {
    move |x| g(f(x))
}
fn counter() -> Box<dyn FnMut() -> u32> {
    let mut n = 0;
    Box::new(move || {
        n += 1;
        n
    })
}
fn largest<T: PartialOrd + Copy>(items: &[T]) -> Option<T> {
    items.iter().copied().fold(None, |best, x| match best {
        Some(b) if b >= x => best,
        _ => Some(x),
    })
}

fn main() {
    let v = Vec3([1.0, 2.0, 3.0]) * 2.5 + -Vec3([0.5, 0.25, 0.125]);
    println!("{:?} {} {}", v, v['y'], v > Vec3([2.0, 9.0, 9.0]));
    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Circle(1.5)), Box::new(Rect { w: 2.0, h: 3.5 })];
    for s in &shapes {
        println!("{} {:.4}", s.name(), s.area());
    }
    let x = || Expr::Variable("x".into());
    let e = Expr::Let("x".into(), Box::new(bin(Expr::Number(6), '*', Expr::Number(7))), Box::new(bin(bin(x(), '+', Expr::Number(-2)), '/', Expr::Number(4))));
    println!("{} = {:?}", e, e.eval(&mut HashMap::new()));
    println!("{:?}", x().eval(&mut HashMap::new()));
    println!("{:?}", bin(Expr::Number(1), '/', bin(Expr::Number(2), '-', Expr::Number(2))).eval(&mut HashMap::new()));
    println!("{:?}", bin(Expr::Number(i64::MAX), '+', Expr::Number(1)).eval(&mut HashMap::new()));

    let leaf = Rc::new(Node { name: "leaf", parent: RefCell::new(Weak::new()), children: RefCell::default() });
    let branch = Rc::new(Node { name: "branch", parent: RefCell::new(Weak::new()), children: RefCell::new(vec![leaf.clone()]) });
    *leaf.parent.borrow_mut() = Rc::downgrade(&branch);
    println!("{} {} {} {}", leaf.parent.borrow().upgrade().map_or("none", |p| p.name), Rc::strong_count(&leaf), Rc::weak_count(&branch), branch.children.borrow().len());
    drop(branch);
    println!("{}", leaf.parent.borrow().upgrade().is_none());

    let log = RefCell::new(Vec::new());
    {
        let _a = Noisy("a", &log);
        let b = Noisy("b", &log);
        std::mem::drop(b);
        let _c = Noisy("c", &log);
    }
    println!("{:?}", log.borrow());
    let f = compose(|x: i32| x + 1, |y: i32| format!("<{}>", y * 2));
    let mut count = counter();
    println!("{} {} {} {}", f(20), count(), count(), count());
    println!("{:?} {:?} {:?}", largest(&[3, 9, 2]), largest(&['x', 'b']), largest::<f32>(&[]));
    let cell = Cell::new(5);
    cell.set(cell.get() * cell.replace(7));
    println!("{}", cell.get());
    let numbers = [1, 5, 9, 12, 20];
    if let [first, .., last] = numbers {
        println!("{} {}", first, last);
    }
    for n in numbers {
        print!("{} ", match n { 1 | 2 => "small", 3..=9 => "medium", n if n % 2 == 0 => "even", _ => "big" });
    }
    println!();
    let mut grid = vec![vec!['.'; 8]; 3];
    for (i, row) in grid.iter_mut().enumerate() {
        row[i * 2 + 1] = '#';
        row.swap(0, i);
    }
    println!("{}", grid.iter().map(|r| r.iter().collect::<String>()).collect::<Vec<_>>().join("|"));
}
