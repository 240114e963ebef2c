package configs

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// position is a place in a file; both count from 1, Col in characters.
type position struct{ Line, Col int }

// positions tells where each key and array element of a document stands. Keys
// are paths such as cluster.name, node[1].links.hb0, resource[0].op[2].
type positions map[string]position

// nearest returns the position of path or of the closest table around it, so
// that an error about an absent key points to the table that lacks it.
func (p positions) nearest(path string) position {
	for path != "" {
		if pos, ok := p[path]; ok {
			return pos
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return position{1, 1}
}

// scan finds the positions of all keys in a document that the TOML library has
// accepted. It is no second parser: it knows just enough of the syntax to tell
// keys from values, and on input that is not TOML it stops early.
func scan(src string) positions {
	s := &scanner{src: src, line: 1, found: positions{}, arrays: map[string]int{}}
	table := ""
	for s.skipBlank(); s.off < len(s.src); s.skipBlank() {
		before := s.off
		if s.src[s.off] == '[' {
			table = s.header()
		} else {
			s.keyValue(table)
		}
		if s.off == before {
			break
		}
	}
	return s.found
}

type scanner struct {
	src       string
	off       int
	line      int
	lineStart int
	found     positions
	// arrays counts the elements of each [[array of tables]] so far.
	arrays map[string]int
}

func (s *scanner) here() position {
	return position{s.line, utf8.RuneCountInString(s.src[s.lineStart:s.off]) + 1}
}

func (s *scanner) record(path string, at position) {
	if _, known := s.found[path]; !known {
		s.found[path] = at
	}
}

// header reads [a.b] or [[a.b]] and returns the path of the table it opens.
func (s *scanner) header() string {
	at := s.here()
	s.off++
	array := s.accept('[')
	path := ""
	parts := s.key()
	for i, part := range parts {
		path = join(path, part)
		n, isArray := s.arrays[path]
		switch {
		case array && i == len(parts)-1:
			s.record(path, at)
			s.arrays[path] = n + 1
			path = element(path, n)
		case isArray:
			path = element(path, n-1)
		}
		s.record(path, at)
	}
	for s.accept(']') {
	}
	return path
}

func (s *scanner) keyValue(table string) {
	at := s.here()
	path := table
	for _, part := range s.key() {
		path = join(path, part)
		s.record(path, at)
	}
	s.accept('=')
	s.skipSpace()
	s.value(path)
}

// key reads a dotted key with the blanks around it.
func (s *scanner) key() []string {
	var parts []string
	for {
		s.skipSpace()
		start := s.off
		switch {
		case s.off < len(s.src) && (s.src[s.off] == '"' || s.src[s.off] == '\''):
			s.text()
			parts = append(parts, unquote(s.src[start:s.off]))
		default:
			for s.off < len(s.src) && !strings.ContainsRune(" \t\r\n=.]", rune(s.src[s.off])) {
				s.off++
			}
			parts = append(parts, s.src[start:s.off])
		}
		s.skipSpace()
		if !s.accept('.') {
			return parts
		}
	}
}

func (s *scanner) value(path string) {
	if s.off >= len(s.src) {
		return
	}
	switch s.src[s.off] {
	case '"', '\'':
		s.text()
	case '[':
		s.list(']', func(n int) {
			item := element(path, n)
			s.record(item, s.here())
			s.value(item)
		})
	case '{':
		s.list('}', func(int) { s.keyValue(path) })
	default:
		for s.off < len(s.src) && !strings.ContainsRune(",]}#\r\n", rune(s.src[s.off])) {
			s.off++
		}
	}
}

// list reads what stands between brackets, calling item at each element.
func (s *scanner) list(end byte, item func(n int)) {
	s.off++
	for n := 0; ; n++ {
		s.skipBlank()
		if s.off >= len(s.src) || s.accept(end) {
			return
		}
		before := s.off
		item(n)
		s.skipBlank()
		s.accept(',')
		if s.off == before {
			return
		}
	}
}

// text skips a string of any of the four kinds.
func (s *scanner) text() {
	quote := s.src[s.off : s.off+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.src[s.off:], triple) {
		s.off += 3
		s.until(triple, quote == `"`)
		// Two quotes more may belong to the text.
		for range 2 {
			s.accept(quote[0])
		}
		return
	}
	s.off++
	s.until(quote, quote == `"`)
}

func (s *scanner) until(end string, escapes bool) {
	for s.off < len(s.src) {
		switch {
		case strings.HasPrefix(s.src[s.off:], end):
			s.off += len(end)
			return
		case escapes && s.src[s.off] == '\\' && s.off+1 < len(s.src) && s.src[s.off+1] != '\n':
			s.off += 2
		default:
			s.step()
		}
	}
}

// step moves over one byte and counts lines.
func (s *scanner) step() {
	if s.src[s.off] == '\n' {
		s.line++
		s.lineStart = s.off + 1
	}
	s.off++
}

func (s *scanner) accept(c byte) bool {
	if s.off < len(s.src) && s.src[s.off] == c {
		s.off++
		return true
	}
	return false
}

func (s *scanner) skipSpace() {
	for s.off < len(s.src) && (s.src[s.off] == ' ' || s.src[s.off] == '\t') {
		s.off++
	}
}

// skipBlank skips blanks, line ends and comments.
func (s *scanner) skipBlank() {
	for s.off < len(s.src) {
		switch s.src[s.off] {
		case ' ', '\t', '\r', '\n':
			s.step()
		case '#':
			for s.off < len(s.src) && s.src[s.off] != '\n' {
				s.off++
			}
		default:
			return
		}
	}
}

func unquote(text string) string {
	if text[0] == '"' {
		if plain, err := strconv.Unquote(text); err == nil {
			return plain
		}
	}
	return strings.Trim(text, text[:1])
}

// join appends a key to a path; a key that is not bare is quoted, so that the
// dots in it are not taken for steps.
func join(path, key string) string {
	bare := key != ""
	for _, r := range key {
		if !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-') {
			bare = false
		}
	}
	if !bare {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func element(path string, n int) string { return path + "[" + strconv.Itoa(n) + "]" }
