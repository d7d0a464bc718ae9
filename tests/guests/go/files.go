//! args: -n 3 rest
//! env: MODE=test
//! dir: /
//! exit: 4
// Flags, environment, files and directories, errors, an exit status.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

var errEmpty = errors.New("empty")

func check(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	defer f.Close()
	scanner := bufio.NewScanner(f)
	for n := 1; scanner.Scan(); n++ {
		if scanner.Text() == "" {
			return &lineError{n, errEmpty}
		}
	}
	return scanner.Err()
}

func must(err error) {
	if err != nil {
		fmt.Println("unexpected:", err)
	}
}

func main() {
	n := flag.Int("n", 1, "a number")
	flag.Parse()
	fmt.Println(*n, flag.Args(), os.Getenv("MODE"), os.Getenv("NONE") == "", len(os.Environ()))

	f, err := os.Create("/numbers.txt")
	must(err)
	w := bufio.NewWriter(f)
	for i := 0; i < 3000; i++ {
		fmt.Fprintf(w, "%d %d\n", i, i*i%1000)
	}
	must(w.Flush())
	must(f.Close())
	data, err := os.ReadFile("/numbers.txt")
	must(err)
	sum := 0
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		var a, b int
		fmt.Sscanf(line, "%d %d", &a, &b)
		sum += a * b
	}
	fmt.Println(len(data), sum)
	must(os.WriteFile("/gap.txt", []byte("one\ntwo\n\nfour\n"), 0o644))
	err = check("/gap.txt")
	var le *lineError
	fmt.Println(err, errors.Is(err, errEmpty), errors.As(err, &le) && le.line == 3)
	err = check("/none.txt")
	fmt.Println(errors.Is(err, fs.ErrNotExist), err)

	must(os.MkdirAll("/a/b/c", 0o755))
	for i := 0; i < 5; i++ {
		must(os.WriteFile(fmt.Sprintf("/a/b/f%d", i), make([]byte, i*100), 0o644))
	}
	must(os.Rename("/a/b/f0", "/a/zero"))
	must(filepath.WalkDir("/a", func(path string, d fs.DirEntry, err error) error {
		info, _ := d.Info()
		size := int64(0)
		if !d.IsDir() {
			size = info.Size()
		}
		fmt.Print(path, ":", d.IsDir(), ":", size, " ")
		return err
	}))
	fmt.Println()
	matches, _ := filepath.Glob("/a/b/f[2-3]")
	fmt.Println(matches)
	g, err := os.OpenFile("/gap.txt", os.O_RDWR|os.O_APPEND, 0)
	must(err)
	_, err = g.WriteString("five")
	must(err)
	_, err = g.Seek(4, io.SeekStart)
	must(err)
	rest, _ := io.ReadAll(g)
	info, _ := g.Stat()
	fmt.Printf("%q %d\n", rest, info.Size())
	must(g.Truncate(3))
	b := make([]byte, 10)
	k, err := g.ReadAt(b, 1)
	fmt.Println(k, err)
	must(g.Close())
	must(os.RemoveAll("/a"))
	entries, err := os.ReadDir("/")
	must(err)
	for _, e := range entries {
		fmt.Print(e.Name(), " ")
	}
	fmt.Println()
	input, _ := io.ReadAll(os.Stdin)
	fmt.Println(len(input))
	fmt.Fprintln(os.Stderr, "to standard error")
	os.Exit(4)
}
