// Formatting, JSON, regular expressions, templates, big numbers, hashes, compression.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/big"
	"math/bits"
	"os"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"text/template"
	"time"
	"unicode"
)

type person struct {
	Name    string            `json:"name"`
	Age     int               `json:"age,omitempty"`
	Friends []*person         `json:"friends,omitempty"`
	Extra   map[string]any    `json:"extra,omitempty"`
	Scores  map[string]float64 `json:"scores"`
}

func main() {
	p := person{"Ada", 36, []*person{{Name: "Bob"}}, map[string]any{"z": []int{1, 2}, "a": nil}, map[string]float64{"x": 1.5e-7, "y": 1e21}}
	data, err := json.Marshal(p)
	fmt.Println(string(data), err)
	var back person
	err = json.Unmarshal([]byte(`{"name":"C\u00e9","friends":[{"name":"D","scores":{"k":-0.5}}],"extra":{"deep":{"list":[true,null,"s",12345678901]}}}`), &back)
	fmt.Printf("%+v %v %v\n", back.Extra, back.Friends[0].Scores, err)
	err = json.Unmarshal([]byte(`{"name": 5}`), &back)
	var wrong *json.UnmarshalTypeError
	fmt.Println(errors.As(err, &wrong) && wrong.Value == "number")

	fmt.Printf("%5d|%-5d|%05d|%x|%X|%o|%b|%c|%q|%U\n", 42, 42, 42, 255, 255, 8, 5, 'x', 'y', '⌘')
	fmt.Printf("%f|%.2f|%8.3f|%e|%g|%g|%v\n", math.Pi, math.Pi, math.Pi, 123456.789, 1e-9, 1e21, float32(0.1))
	fmt.Printf("%s|%q|%x|%10s|%-10s|%t|%v|%T\n", "go", "a\"b\n", "hex", "right", "left", true, []string{"a"}, p)
	fmt.Printf("%v %+v %#v %v %d%%\n", struct{ A, B int }{1, 2}, struct{ A int }{3}, []int{4}, map[string]int{"b": 1, "a": 2}, 50)
	for _, f := range []float64{0, math.Copysign(0, -1), 1, 0.1, 1.0 / 3, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(-1), math.NaN()} {
		fmt.Print(strconv.FormatFloat(f, 'g', -1, 64), " ")
	}
	fmt.Println()
	for _, s := range []string{"42", "-7", "0x1f", "1e3", "99999999999999999999", "abc"} {
		n, err := strconv.ParseInt(s, 0, 64)
		f, ferr := strconv.ParseFloat(s, 64)
		fmt.Println(n, err != nil, f, ferr != nil)
	}
	fmt.Println(math.Sqrt(2), math.Sin(1), math.Exp(1), math.Log(10), math.Pow(2, 0.5), math.Floor(-1.5), math.Mod(7, -3), math.FMA(2, 3, 4), math.Cbrt(27))
	fmt.Println(bits.OnesCount64(0xdeadbeef), bits.LeadingZeros32(1), bits.Reverse8(3), bits.RotateLeft16(0x1234, 4))
	hi, lo := bits.Mul64(math.MaxUint64, 12345)
	q, r := bits.Div64(hi, lo, math.MaxUint64)
	fmt.Println(hi, lo, q, r)
	i := -7
	fmt.Println(i/2, i%2, i>>1, uint8(i+207)+100, int8(i*20), ^i, 6&^3)

	words := regexp.MustCompile(`(?i)(\w+)@(\w+)\.com`)
	fmt.Println(words.FindAllStringSubmatch("a@b.com, Carl@Example.COM; no@where", -1), words.ReplaceAllString("x@y.com", "$2/$1"))
	tmpl := template.Must(template.New("t").Funcs(template.FuncMap{"up": strings.ToUpper}).Parse("{{range $i, $e := .}}{{if $i}}, {{end}}{{.Name | up | printf \"%q\"}}{{with .Age}} ({{.}}){{end}}{{end}}\n"))
	if err := tmpl.Execute(os.Stdout, []person{p, {Name: "Zed"}}); err != nil {
		fmt.Println(err)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "a\tbb\tccc\t")
	fmt.Fprintln(w, "dddd\te\tf\t")
	w.Flush()
	fmt.Println(strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, "Größe ΑΒΓ"), strings.Fields(" a  b c "), strings.SplitN("a,b,c", ",", 2), strings.EqualFold("Straße", "STRAßE"))
	fmt.Println(strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace("<b>"), strings.Count("cheese", "e"), strings.Title("two words"))

	n := new(big.Int).Exp(big.NewInt(3), big.NewInt(300), nil)
	fmt.Println(n, new(big.Int).Mod(n, big.NewInt(1000000007)), new(big.Int).ModInverse(big.NewInt(3), big.NewInt(11)), new(big.Int).SetBit(big.NewInt(0), 127, 1).ProbablyPrime(5))
	fmt.Println(big.NewRat(3, 4).Add(big.NewRat(3, 4), big.NewRat(5, 6)), new(big.Int).Sqrt(n).BitLen())

	sum := sha256.Sum256([]byte("abc"))
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte("The quick brown fox jumps over the lazy dog"))
	fmt.Println(hex.EncodeToString(sum[:8]), hex.EncodeToString(mac.Sum(nil)[:8]), crc32.ChecksumIEEE([]byte("123456789")))
	fmt.Println(base64.StdEncoding.EncodeToString([]byte("any carnal pleas")), binary.BigEndian.Uint32([]byte{1, 2, 3, 4}), binary.LittleEndian.AppendUint16(nil, 0x102))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	text := strings.Repeat("compress me well, ", 2000)
	io.WriteString(z, text)
	z.Close()
	u, err := gzip.NewReader(&zipped)
	small := zipped.Len() < 1000
	unzipped, _ := io.ReadAll(u)
	fmt.Println(small, string(unzipped) == text, err)
	t := time.Date(2024, 2, 29, 23, 59, 58, 5e6, time.UTC)
	fmt.Println(t.Format(time.RFC3339Nano), t.AddDate(1, 0, 0).Weekday(), t.YearDay(), t.Add(36*time.Hour).Sub(t), t.Unix())
	parsed, err := time.Parse("Jan 2, 2006 at 3:04pm", "Mar 5, 2021 at 4:07am")
	fmt.Println(parsed, err, (90*time.Second + 5*time.Millisecond).String())
}
