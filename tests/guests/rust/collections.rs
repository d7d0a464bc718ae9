// Collections, iterators, sorting and hashing.
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};

struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn primes() -> impl Iterator<Item = u32> {
    (2u32..).filter(|n| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0))
}

fn dijkstra(graph: &HashMap<u32, Vec<(u32, u32)>>, from: u32) -> BTreeMap<u32, u32> {
    let mut best = BTreeMap::new();
    let mut heap = BinaryHeap::from(vec![(std::cmp::Reverse(0), from)]);
    while let Some((std::cmp::Reverse(cost), at)) = heap.pop() {
        if best.contains_key(&at) {
            continue;
        }
        best.insert(at, cost);
        for &(to, weight) in graph.get(&at).into_iter().flatten() {
            heap.push((std::cmp::Reverse(cost + weight), to));
        }
    }
    best
}

fn main() {
    let mut random = Random(88172645463325252);
    let mut v: Vec<u64> = (0..10_000).map(|_| random.next() % 100_000).collect();
    v.sort_unstable();
    println!("{} {} {} {}", v[0], v[5000], v[9999], v.windows(2).all(|w| w[0] <= w[1]));
    v.dedup();
    println!("{} {:?} {:?}", v.len(), v.binary_search(&v[1234]), v.binary_search(&100_001).is_err());
    v.retain(|x| x % 7 == 0);
    println!("{} {:?}", v.len(), v.chunks(100).map(|c| c.iter().sum::<u64>()).max());

    let mut map: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, word) in "it was the best of times it was the worst of times".split(' ').enumerate() {
        map.entry(word.to_string()).or_default().push(i);
    }
    let mut words: Vec<_> = map.iter().collect();
    words.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(b.0)));
    println!("{:?}", words);
    let mut big = HashMap::new();
    for i in 0..50_000u64 {
        *big.entry(i.wrapping_mul(0x9E3779B97F4A7C15) >> 50).or_insert(0u64) += i;
    }
    println!("{} {}", big.len(), big.values().fold(0u64, |a, b| a.wrapping_add(b * b)));
    big.retain(|k, _| k % 2 == 0);
    println!("{}", big.len());

    let tree: BTreeMap<i32, &str> = [(5, "five"), (1, "one"), (9, "nine"), (3, "three")].into();
    println!("{:?} {:?} {:?}", tree, tree.range(2..6).collect::<Vec<_>>(), tree.iter().next_back());
    let (a, b): (BTreeSet<_>, BTreeSet<_>) = ((1..20).step_by(2).collect(), (1..20).step_by(3).collect());
    println!("{:?} {:?}", a.intersection(&b).collect::<Vec<_>>(), a.symmetric_difference(&b).count());
    let set: HashSet<char> = "hello world".chars().filter(|c| c.is_alphabetic()).collect();
    println!("{}", set.len());
    let mut queue: VecDeque<_> = (0..10).collect();
    queue.rotate_left(3);
    queue.push_front(99);
    println!("{:?} {:?}", queue, queue.iter().rev().step_by(3).collect::<Vec<_>>());
    let mut list: LinkedList<i32> = LinkedList::from([1, 2, 3]);
    let mut tail = list.split_off(1);
    tail.append(&mut list);
    println!("{:?}", tail);

    println!("{:?}", primes().skip(10).step_by(5).take(8).collect::<Vec<_>>());
    let (even, odd): (Vec<i64>, Vec<i64>) = (1..=20).map(|x| x * x - 10 * x).partition(|x| x % 2 == 0);
    println!("{} {} {:?}", even.len(), odd.iter().product::<i64>(), even.iter().zip(&odd).map(|(a, b)| a * b).min());
    let text: String = ["x", "y", "z"].iter().cycle().take(7).copied().collect::<Vec<_>>().join("-");
    println!("{} {:?}", text, text.split('-').rev().flat_map(str::chars).collect::<String>());
    println!("{:?}", (1..5).scan(1, |acc, x| { *acc *= x; Some(*acc) }).collect::<Vec<_>>());
    println!("{:?}", [3, 1, 2].iter().max_by_key(|x| (*x - 2i32).abs()));

    let mut graph: HashMap<u32, Vec<(u32, u32)>> = HashMap::new();
    for i in 0..500 {
        for _ in 0..4 {
            graph.entry(i).or_default().push(((random.next() % 500) as u32, (random.next() % 50) as u32 + 1));
        }
    }
    let best = dijkstra(&graph, 0);
    println!("{} {:?} {}", best.len(), best.values().max(), best.values().sum::<u32>());
}
