# Files beneath /data, which is granted; nothing else is.
import csv, io, os, pathlib, sys, tempfile, time

print(sys.argv[1:], os.environ.get("MODE"))
root = pathlib.Path("/data")
with open(root / "numbers.txt", "w") as f:
    for i in range(5000):
        print(i, i * i, file=f)
with open(root / "numbers.txt") as f:
    print(sum(int(line.split()[1]) for line in f))
print((root / "numbers.txt").stat().st_size)
(root / "a" / "b").mkdir(parents=True)
for name in "xyz":
    (root / "a" / f"{name}.bin").write_bytes(name.encode() * 1000)
os.rename("/data/a/x.bin", "/data/a/b/moved.bin")
print([(d.removeprefix("/data"), sorted(s), sorted(f)) for d, s, f in sorted(os.walk("/data"))])
with open("/data/t.csv", "w", newline="") as f:
    csv.writer(f).writerows([["a", 'quote"d'], ["multi\nline", "é"]])
print(list(csv.reader(open("/data/t.csv", newline=""))))
with open("/data/a/y.bin", "r+b") as f:
    f.seek(10)
    f.write(b"Y" * 5)
    f.seek(-990, io.SEEK_END)
    print(f.read(8), f.tell())
    f.truncate(12)
print(os.path.getsize("/data/a/y.bin"))
for path, mode in (("/data/none", "r"), ("/data/a", "w"), ("/etc/passwd", "r")):
    try:
        open(path, mode)
    except OSError as e:
        print(path, type(e).__name__)
before = time.monotonic()
time.sleep(0.02)
print(time.monotonic() - before >= 0.02, time.time() > 1.7e9, len(os.urandom(8)))
print(sys.stdin.read().strip())
sys.stderr.write("to standard error\n")
sys.exit(5)
