// Numeric loops with bounds checks: matrices, big integers, a simulation, bit boards.
type Matrix = Vec<Vec<f64>>;

fn identity(n: usize) -> Matrix {
    (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect()
}
fn invert(mut a: Matrix) -> Option<Matrix> {
    let n = a.len();
    let mut b = identity(n);
    for c in 0..n {
        let p = (c..n).max_by(|&x, &y| a[x][c].abs().partial_cmp(&a[y][c].abs()).unwrap())?;
        if a[p][c].abs() < 1e-12 {
            return None;
        }
        a.swap(c, p);
        b.swap(c, p);
        let d = a[c][c];
        for j in 0..n {
            a[c][j] /= d;
            b[c][j] /= d;
        }
        for i in 0..n {
            if i != c {
                let k = a[i][c];
                for j in 0..n {
                    a[i][j] -= k * a[c][j];
                    b[i][j] -= k * b[c][j];
                }
            }
        }
    }
    Some(b)
}
fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    a.iter().map(|row| (0..b[0].len()).map(|j| row.iter().zip(b).map(|(x, r)| x * r[j]).sum()).collect()).collect()
}

struct Big(Vec<u32>);
impl Big {
    fn mul(&mut self, k: u32) {
        let mut carry = 0u64;
        for d in &mut self.0 {
            carry += *d as u64 * k as u64;
            *d = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }
    fn text(mut self) -> String {
        let mut parts = Vec::new();
        while !self.0.is_empty() {
            let mut rest = 0u64;
            for d in self.0.iter_mut().rev() {
                rest = rest << 32 | *d as u64;
                *d = (rest / 1_000_000_000) as u32;
                rest %= 1_000_000_000;
            }
            while self.0.last() == Some(&0) {
                self.0.pop();
            }
            parts.push(rest);
        }
        let mut s = parts.pop().map_or(String::new(), |p| p.to_string());
        for p in parts.iter().rev() {
            s += &format!("{:09}", p);
        }
        s
    }
}

fn life(cells: &[u64; 64]) -> [u64; 64] {
    let mut next = [0; 64];
    for y in 0..64 {
        let rows = [cells[(y + 63) % 64], cells[y], cells[(y + 1) % 64]];
        for x in 0..64 {
            let mut n = 0;
            for (k, row) in rows.iter().enumerate() {
                for dx in [63, 0, 1] {
                    if k != 1 || dx != 0 {
                        n += row >> ((x + dx) % 64) & 1;
                    }
                }
            }
            if n == 3 || (n == 2 && cells[y] >> x & 1 == 1) {
                next[y] |= 1 << x;
            }
        }
    }
    next
}

fn mod_pow(mut b: u64, mut e: u64, m: u64) -> u64 {
    let mut r = 1;
    while e > 0 {
        if e & 1 == 1 {
            r = (r as u128 * b as u128 % m as u128) as u64;
        }
        b = (b as u128 * b as u128 % m as u128) as u64;
        e >>= 1;
    }
    r
}
fn is_prime(n: u64) -> bool {
    if n < 2 || n % 2 == 0 {
        return n == 2;
    }
    let s = (n - 1).trailing_zeros();
    [2u64, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37].iter().filter(|&&a| a % n != 0).all(|&a| {
        let mut x = mod_pow(a, (n - 1) >> s, n);
        x == 1 || (0..s).any(|_| { let hit = x == n - 1; x = (x as u128 * x as u128 % n as u128) as u64; hit })
    })
}

fn main() {
    let n = 24;
    let a: Matrix = (0..n).map(|i| (0..n).map(|j| ((i * 7 + j * 3) % 11) as f64 + if i == j { 20.0 } else { 0.0 }).collect()).collect();
    let product = multiply(&a, &invert(a.clone()).unwrap());
    let error = product.iter().zip(identity(n)).flat_map(|(r, i)| r.iter().zip(i).map(|(x, y)| (x - y).abs()).collect::<Vec<_>>()).fold(0.0, f64::max);
    println!("{} {}", error < 1e-12, invert(vec![vec![1.0, 2.0], vec![2.0, 4.0]]).is_none());
    let mut big = Big(vec![1]);
    for k in 2..=100 {
        big.mul(k);
    }
    println!("{}", big.text());
    let mut cells = [0u64; 64];
    let mut seed = 1u64;
    for c in &mut cells {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        *c = seed;
    }
    for _ in 0..100 {
        cells = life(&cells);
    }
    println!("{} {:016x}", cells.iter().map(|c| c.count_ones()).sum::<u32>(), cells.iter().fold(0u64, |h, c| h.rotate_left(7) ^ c));
    println!("{:?}", [2u64, 91, 561, 1_000_000_007, 18446744073709551557, 18446744073709551556, 3215031751].map(is_prime));
    let mut sieve = vec![true; 200_000];
    let count = (2..sieve.len()).filter(|&i| {
        if sieve[i] {
            for j in (i * i..sieve.len()).step_by(i) {
                sieve[j] = false;
            }
        }
        sieve[i]
    }).count();
    println!("{}", count);
    let (mut x, mut y, mut vx, mut vy) = (1.0f64, 0.0, 0.0, 1.0);
    for _ in 0..100_000 {
        let r3 = (x * x + y * y).powf(1.5);
        vx -= x / r3 * 1e-3;
        vy -= y / r3 * 1e-3;
        x += vx * 1e-3;
        y += vy * 1e-3;
    }
    println!("{:.9} {:.9} {:.9}", x, y, 0.5 * (vx * vx + vy * vy) - 1.0 / (x * x + y * y).sqrt());
}
