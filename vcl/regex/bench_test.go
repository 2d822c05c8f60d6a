package regex

import "testing"

const userAgent = "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36."

var benchmarks = []struct{ name, pattern, subject string }{
	{"prefix", `^/api/`, "/api/users/1234"},
	{"suffix", `\.html$`, "/assets/images/products/12345.html"},
	{"extension", `\.(jpe?g|png|gif|css|js)(\?|$)`, "/assets/images/products/1234.jpeg?x"},
	{"noExtension", `\.(jpe?g|png|gif|css|js)(\?|$)`, "/shop/en/products/list/sorted-by-price/page"},
	{"segments", `^/([a-z]{2})/products/(\d+)`, "/en/products/12345?sort=price"},
	{"robots", `(?i)(googlebot|bingbot|yandexbot|duckduckbot|baiduspider|slurp)`, userAgent},
	{"session", `(?:^|;\s*)session=([^;]+)`, "theme=dark; consent=1; _ga=GA1.2.3; session=abcdef0123; x=y"},
	{"lookahead", `^/(?!admin|login)[a-z]+`, "/products/12345"},
	{"nested", `^(a+)+$`, "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!"},
	{"words", manyWords(100), userAgent},
	{"backreference", `(\w+)=\1`, "a=1&bb=bb"},
}

func BenchmarkMatch(b *testing.B) {
	for _, bm := range benchmarks {
		r := mustCompile(b, bm.pattern)
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Match(bm.subject)
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	for _, bm := range benchmarks {
		r := mustCompile(b, bm.pattern)
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			var loc [20]int
			for b.Loop() {
				r.Find(bm.subject, 0, loc[:])
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compile(bm.pattern); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
