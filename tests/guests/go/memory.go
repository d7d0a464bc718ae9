// The garbage collector under load; maps, slices, closures, interfaces, generics, deep stacks.
package main

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"
)

type node struct {
	left, right *node
	value       [4]int
}

func build(depth, seed int) *node {
	if depth == 0 {
		return nil
	}
	return &node{build(depth-1, seed*2), build(depth-1, seed*2+1), [4]int{seed, depth, seed ^ depth, 1}}
}
func (n *node) sum() int {
	if n == nil {
		return 0
	}
	return n.value[0]%7 + n.left.sum() + n.right.sum()
}

type animal interface{ sound() string }
type dog struct{ name string }
type cow int

func (d dog) sound() string  { return d.name + " barks" }
func (c *cow) sound() string { *c++; return strings.Repeat("moo ", int(*c)) }

type heap[T cmp.Ordered] struct{ items []T }

func (h *heap[T]) push(v T) {
	h.items = append(h.items, v)
	for i := len(h.items) - 1; i > 0 && h.items[i] < h.items[(i-1)/2]; i = (i - 1) / 2 {
		h.items[i], h.items[(i-1)/2] = h.items[(i-1)/2], h.items[i]
	}
}
func (h *heap[T]) pop() T {
	top, last := h.items[0], len(h.items)-1
	h.items[0] = h.items[last]
	h.items = h.items[:last]
	for i := 0; ; {
		c := 2*i + 1
		if c >= last {
			return top
		}
		if c+1 < last && h.items[c+1] < h.items[c] {
			c++
		}
		if h.items[i] <= h.items[c] {
			return top
		}
		h.items[i], h.items[c] = h.items[c], h.items[i]
		i = c
	}
}
func deep(n int, s [16]int) int {
	if n == 0 {
		return s[3]
	}
	s[n%16]++
	return deep(n-1, s) + s[5]%2
}

func main() {
	kept := build(12, 1)
	total := 0
	for i := 0; i < 60; i++ {
		total += build(11, i).sum()
	}
	fmt.Println(kept.sum(), total)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	garbage := make([][]byte, 0)
	for i := 0; i < 300; i++ {
		b := make([]byte, 10000+i*100)
		b[i] = byte(i)
		if i%30 == 0 {
			garbage = append(garbage, b)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	fmt.Println(after.NumGC > before.NumGC, len(garbage), garbage[5][150], after.HeapAlloc < 40<<20)

	m := map[string][]int{}
	for i := 0; i < 20000; i++ {
		k := fmt.Sprintf("key%d", i%997)
		m[k] = append(m[k], i)
	}
	for i := 0; i < 997; i += 2 {
		delete(m, fmt.Sprintf("key%d", i))
	}
	sum := 0
	for _, v := range m {
		for _, x := range v {
			sum += x
		}
	}
	fmt.Println(len(m), sum, cap(m["key1"]) >= len(m["key1"]))
	type key struct {
		a int
		b string
	}
	points := map[key]float64{{1, "x"}: 1.5, {2, "y"}: -2}
	points[key{1, "x"}] *= 3
	_, found := points[key{3, "z"}]
	fmt.Println(points, found)

	bessie := cow(0)
	for _, a := range []animal{dog{"rex"}, &bessie, &bessie} {
		switch v := a.(type) {
		case dog:
			fmt.Println("dog", v.name, v.sound())
		case *cow:
			fmt.Println("cow", int(*v), v.sound())
		}
	}
	h := heap[string]{}
	for _, w := range strings.Fields("the quick brown fox jumps over the lazy dog") {
		h.push(w)
	}
	for len(h.items) > 0 {
		fmt.Print(h.pop(), " ")
	}
	fmt.Println()
	s := make([]int, 1000)
	for i := range s {
		s[i] = i * 7919 % 1009
	}
	t := slices.Clone(s)
	sort.Ints(s)
	slices.SortStableFunc(t, func(a, b int) int { return cmp.Compare(b%10, a%10) })
	i, ok := slices.BinarySearch(s, 500)
	fmt.Println(s[:5], t[:5], i, ok, slices.Max(t))
	a := []int{1, 2, 3, 4, 5}
	b := append(a[:2:2], 9)
	copy(a[3:], a)
	fmt.Println(a, b, len(a[1:3]), cap(a[1:3]))
	fmt.Println(deep(20000, [16]int{}))
	var counters []func() int
	for i := 0; i < 3; i++ {
		i := i
		counters = append(counters, func() int { i *= 2; return i })
	}
	fmt.Println(counters[1](), counters[1](), counters[2]())
	defer fmt.Println("deferred last")
	for i := 0; i < 3; i++ {
		defer func(n int) { fmt.Print("deferred ", n, "; ") }(i)
	}
}
