// Goroutines, channels, select, mutexes, contexts, timers.
package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

func generate(ctx context.Context) <-chan int {
	out := make(chan int)
	go func() {
		defer close(out)
		for i := 2; ; i++ {
			select {
			case out <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func sieve(ctx context.Context, in <-chan int, prime int) <-chan int {
	out := make(chan int)
	go func() {
		defer close(out)
		for i := range in {
			if i%prime == 0 {
				continue
			}
			select {
			case out <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

type account struct {
	sync.Mutex
	balance int
}

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	ch := generate(ctx)
	for i := 0; i < 60; i++ {
		prime := <-ch
		if i%10 == 9 {
			fmt.Print(prime, " ")
		}
		ch = sieve(ctx, ch, prime)
	}
	fmt.Println()
	cancel()

	var wg sync.WaitGroup
	var hits atomic.Int64
	accounts := [10]account{}
	for w := 0; w < 100; w++ {
		wg.Add(1)
		go func(w int) {
			defer wg.Done()
			for i := 0; i < 50; i++ {
				a := &accounts[(w*31+i*17)%10]
				a.Lock()
				a.balance += w - i
				a.Unlock()
				hits.Add(1)
				if i%10 == 0 {
					runtime.Gosched()
				}
			}
		}(w)
	}
	wg.Wait()
	total := 0
	for i := range accounts {
		total += accounts[i].balance
	}
	fmt.Println(hits.Load(), total)

	jobs, results := make(chan int, 16), make(chan [2]int, 16)
	for w := 0; w < 4; w++ {
		go func() {
			for n := range jobs {
				a, b := 0, 1
				for i := 0; i < n; i++ {
					a, b = b, a+b
				}
				results <- [2]int{n, a}
			}
		}()
	}
	go func() {
		for n := 0; n < 90; n++ {
			jobs <- n
		}
		close(jobs)
	}()
	var all [][2]int
	for i := 0; i < 90; i++ {
		all = append(all, <-results)
	}
	sort.Slice(all, func(i, j int) bool { return all[i][0] < all[j][0] })
	fmt.Println(all[10], all[89])

	timeout, stop := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer stop()
	start := time.Now()
	select {
	case <-timeout.Done():
		fmt.Println(errors.Is(timeout.Err(), context.DeadlineExceeded), time.Since(start) >= 29*time.Millisecond)
	case <-time.After(20 * time.Second):
		fmt.Println("too late")
	}
	ticker := time.NewTicker(2 * time.Millisecond)
	for i := 0; i < 3; i++ {
		<-ticker.C
	}
	ticker.Stop()
	var once sync.Once
	for i := 0; i < 3; i++ {
		once.Do(func() { fmt.Println("once") })
	}
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var m map[string]int
		m["x"] = 1
	}()
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var s []int
		i := len(all)
		fmt.Println(s[i])
	}()
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var p *account
		p.balance++
	}()
	unbuffered := make(chan struct{})
	cond := sync.NewCond(&sync.Mutex{})
	ready := 0
	for i := 0; i < 5; i++ {
		go func() {
			cond.L.Lock()
			ready++
			cond.L.Unlock()
			cond.Broadcast()
			<-unbuffered
		}()
	}
	cond.L.Lock()
	for ready < 5 {
		cond.Wait()
	}
	cond.L.Unlock()
	close(unbuffered)
	fmt.Println("ready", ready)
}
