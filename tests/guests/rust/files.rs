//! args: first second
//! env: GREETING=hello
//! dir: /box
//! exit: 3
// Files, errors that travel up, arguments, and an exit status.
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fmt, process};

#[derive(Debug)]
enum LoadError {
    Io(io::Error),
    Parse { line: usize, source: std::num::ParseIntError },
}
impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            LoadError::Io(e) => write!(f, "cannot read: {:?}", e.kind()),
            LoadError::Parse { line, .. } => write!(f, "line {} is no number", line),
        }
    }
}
impl Error for LoadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            LoadError::Io(e) => Some(e),
            LoadError::Parse { source, .. } => Some(source),
        }
    }
}
impl From<io::Error> for LoadError {
    fn from(e: io::Error) -> Self {
        LoadError::Io(e)
    }
}
fn sum(path: &str) -> Result<i64, LoadError> {
    let mut total = 0;
    for (i, line) in BufReader::new(File::open(path)?).lines().enumerate() {
        total += line?.trim().parse::<i64>().map_err(|source| LoadError::Parse { line: i + 1, source })?;
    }
    Ok(total)
}
fn work() -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(File::create("/box/numbers")?);
    for i in 0..5000i64 {
        writeln!(out, "{}", i * i - 1000)?;
    }
    out.flush()?;
    drop(out);
    println!("{}", sum("/box/numbers")?);
    fs::write("/box/bad", "1\n2\nthree\n")?;
    for path in ["/box/bad", "/box/none", "/elsewhere"] {
        if let Err(e) = sum(path) {
            println!("{}: {} ({})", path, e, e.source().is_some());
        }
    }
    let mut f = OpenOptions::new().read(true).write(true).open("/box/bad")?;
    f.seek(SeekFrom::End(-3))?;
    f.write_all(b"EE!")?;
    f.rewind()?;
    let mut text = String::new();
    f.read_to_string(&mut text)?;
    println!("{:?} {}", text, f.metadata()?.len());
    f.set_len(4)?;
    println!("{:?}", fs::read("/box/bad")?);
    OpenOptions::new().append(true).open("/box/bad")?.write_all(b"more")?;
    println!("{}", fs::read_to_string("/box/bad")?.len());
    fs::create_dir_all("/box/a/b/c")?;
    for name in ["z", "y", "x"] {
        fs::copy("/box/bad", Path::new("/box/a").join(name).with_extension("txt"))?;
    }
    fs::rename("/box/a/z.txt", "/box/a/b/w.txt")?;
    let mut names: Vec<_> = fs::read_dir("/box/a")?.map(|e| e.map(|e| (e.file_name().into_string().unwrap(), e.file_type().unwrap().is_dir()))).collect::<Result<_, _>>()?;
    names.sort();
    println!("{:?}", names);
    println!("{} {} {}", Path::new("/box/a/b/w.txt").exists(), Path::new("/box/a").is_dir(), fs::remove_dir("/box/a").is_err());
    fs::remove_dir_all("/box/a")?;
    println!("{:?}", fs::metadata("/box/a").map_err(|e| e.kind()).err());
    Err("the end is an error".into())
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    println!("{:?} {:?} {:?}", args, env::var("GREETING"), env::var("NONE").is_err());
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    let slept = start.elapsed();
    println!("{} {}", slept >= Duration::from_millis(20) && slept < Duration::from_secs(5), SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() > 1_700_000_000);
    if let Err(e) = work() {
        println!("{}", e);
        process::exit(3);
    }
}
