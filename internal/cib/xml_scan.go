package cib

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads the XML that CIBs are written in: elements and attributes,
// with comments, processing instructions and a document type to be skipped.
// It exists because a status section of some hundred megabytes has to be read
// while a cluster waits: it is some ten times faster than encoding/xml, since
// names and values stay parts of the document's text. Namespaces, custom
// entities and text content mean nothing in a CIB.
type scanner struct {
	text string
	pos  int
	line int
	root *element
	// stack holds the open elements.
	stack []*element
	// inStatus is set from the beginning of the status to its end.
	inStatus bool
	// elements and attributes are cut from large pieces, because there are
	// millions of them.
	elements   []element
	attributes []attribute
}

// scan reads one document.
func scan(text string) (*element, error) {
	s := &scanner{text: text, line: 1}
	if utf16(text) {
		return nil, errors.New("line 1: the document is in UTF-16: convert it to UTF-8, as with iconv -f UTF-16 -t UTF-8")
	}
	if at := invalidUTF8(text); at >= 0 {
		if err := foreignEncoding(text); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("line %d is no XML: invalid UTF-8: convert the document to it, from Latin-1 with iconv -f LATIN1 -t UTF-8", 1+strings.Count(text[:at], "\n"))
	}
	s.text = strings.TrimPrefix(s.text, "\ufeff")
	for s.pos < len(s.text) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	if len(s.stack) > 0 || s.root == nil {
		return nil, cutOff(s.stack)
	}
	return s.root, nil
}

// utf16 tells by its mark, or by the zeros between its letters, a text of two
// bytes a letter.
func utf16(text string) bool {
	for _, mark := range []string{"\xff\xfe", "\xfe\xff", "<\x00", "\x00<"} {
		if strings.HasPrefix(text, mark) {
			return true
		}
	}
	return false
}

func invalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			return i
		}
	}
	return -1
}

// step reads the text before the next tag, and the tag.
func (s *scanner) step() error {
	tag := strings.IndexByte(s.text[s.pos:], '<')
	between := s.text[s.pos:]
	if tag >= 0 {
		between = between[:tag]
	}
	s.advance(between)
	if stray := strings.TrimSpace(between); stray != "" {
		return strayText(s.stack, stray, s.line)
	}
	if tag < 0 {
		return nil
	}
	switch rest := s.text[s.pos:]; {
	case strings.HasPrefix(rest, "</"):
		return s.endTag()
	case strings.HasPrefix(rest, "<!--"):
		return s.comment()
	case strings.HasPrefix(rest, "<![CDATA["):
		return s.cdata()
	case strings.HasPrefix(rest, "<!"):
		return s.documentType()
	case strings.HasPrefix(rest, "<?"):
		return s.instruction()
	}
	return s.startTag()
}

// advance moves on over text that has been looked at.
func (s *scanner) advance(text string) {
	s.pos += len(text)
	s.line += strings.Count(text, "\n")
}

func (s *scanner) fail(format string, args ...any) error {
	return fmt.Errorf("line %d is no XML: %s", s.line, fmt.Sprintf(format, args...))
}

// until returns what stands before end, and moves on behind it.
func (s *scanner) until(end string) (string, error) {
	at := strings.Index(s.text[s.pos:], end)
	if at < 0 {
		s.pos = len(s.text)
		return "", cutOff(s.stack)
	}
	inside := s.text[s.pos : s.pos+at]
	s.advance(s.text[s.pos : s.pos+at+len(end)])
	return inside, nil
}

func (s *scanner) comment() error {
	s.pos += len("<!--")
	inside, err := s.until("-->")
	if err == nil && strings.Contains(inside, "--") {
		return s.fail(`"--" inside a comment`)
	}
	return err
}

func (s *scanner) cdata() error {
	s.pos += len("<![CDATA[")
	inside, err := s.until("]]>")
	if stray := strings.TrimSpace(inside); err == nil && stray != "" {
		return strayText(s.stack, stray, s.line)
	}
	return err
}

// instruction skips a processing instruction; the one at the beginning may
// name the encoding.
func (s *scanner) instruction() error {
	s.pos += len("<?")
	inside, err := s.until("?>")
	if err != nil || !strings.HasPrefix(inside, "xml ") {
		return err
	}
	return wantUTF8(inside, s.line)
}

// wantUTF8 refuses an XML declaration that names another encoding.
func wantUTF8(declaration string, line int) error {
	_, encoding, named := strings.Cut(declaration, "encoding=")
	if encoding = strings.TrimLeft(encoding, `"'`); !named || encoding == "" {
		return nil
	}
	if end := strings.IndexAny(encoding, `"'`); end >= 0 {
		encoding = encoding[:end]
	}
	if strings.EqualFold(encoding, "utf-8") || strings.EqualFold(encoding, "us-ascii") {
		return nil
	}
	return fmt.Errorf("line %d: the document is in %s: convert it to UTF-8, as with iconv -f %[2]s -t UTF-8, and take the name away", line, short(encoding))
}

// foreignEncoding looks for the encoding of a text that is no UTF-8 where the
// text begins.
func foreignEncoding(text string) error {
	declaration, is := strings.CutPrefix(text, "<?xml ")
	if !is {
		return nil
	}
	declaration, _, _ = strings.Cut(declaration, "?>")
	return wantUTF8(declaration, 1)
}

// documentType skips <!DOCTYPE …> with what may be nested in it.
func (s *scanner) documentType() error {
	depth := 0
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		switch c {
		case '<':
			depth++
		case '>':
			depth--
		case '\n':
			s.line++
		case '"', '\'':
			if end := strings.IndexByte(s.text[s.pos+1:], c); end >= 0 {
				s.advance(s.text[s.pos : s.pos+1+end])
			}
		}
		s.pos++
		if depth == 0 {
			return nil
		}
	}
	return cutOff(s.stack)
}

func (s *scanner) endTag() error {
	s.pos += len("</")
	name := s.name()
	s.space()
	if s.pos == len(s.text) {
		return cutOff(s.stack)
	}
	if name == "" || s.text[s.pos] != '>' {
		return s.fail("invalid characters between </%s and >", name)
	}
	s.pos++
	if len(s.stack) == 0 || s.stack[len(s.stack)-1].name != name {
		return wrongEnd(s.stack, name, s.line)
	}
	s.stack = s.stack[:len(s.stack)-1]
	s.inStatus = s.inStatus && len(s.stack) > 1
	return nil
}

func (s *scanner) startTag() error {
	s.pos++
	name := s.name()
	if name == "" {
		return s.fail("expected element name after <")
	}
	e := s.newElement(name)
	first := len(s.attributes)
	var names nameSet
	for {
		s.space()
		switch {
		case s.pos == len(s.text):
			return cutOff(append(s.stack, e))
		case s.text[s.pos] == '>':
			s.pos++
			e.attrs = s.attributes[first:len(s.attributes):len(s.attributes)]
			if err := s.place(e); err != nil {
				return err
			}
			s.stack = append(s.stack, e)
			s.inStatus = s.inStatus || len(s.stack) == 2 && name == "status"
			return nil
		case strings.HasPrefix(s.text[s.pos:], "/>"):
			s.pos += 2
			e.attrs = s.attributes[first:len(s.attributes):len(s.attributes)]
			return s.place(e)
		}
		a, err := s.attribute()
		if err != nil {
			return err
		}
		if !s.inStatus && twice(s.attributes[first:], a.name, &names) {
			return s.fail("<%s> has %s twice: remove one of them", short(name), short(a.name))
		}
		if len(s.attributes) == cap(s.attributes) {
			// The pieces of an element must lie together.
			piece := make([]attribute, len(s.attributes)-first, max(4096, 2*(len(s.attributes)-first)))
			copy(piece, s.attributes[first:])
			s.attributes, first = piece, 0
		}
		s.attributes = append(s.attributes, a)
	}
}

// nameSet tells fast that a name is new. Few elements have more than a handful
// of attributes, so mostly a look at some bits is all it takes.
type nameSet struct {
	bits uint64
	all  map[string]bool
}

// manyAttributes is from how many on a map is faster than comparing.
const manyAttributes = 64

// twice tells whether one of the attributes has the name already.
func twice(attributes []attribute, name string, seen *nameSet) bool {
	if len(attributes) >= manyAttributes {
		if seen.all == nil {
			seen.all = map[string]bool{}
			for i := range attributes {
				seen.all[attributes[i].name] = true
			}
		}
		known := seen.all[name]
		seen.all[name] = true
		return known
	}
	bit := uint64(1) << ((len(name)*7 + int(name[0])*5 + int(name[len(name)-1])) % 64)
	if seen.bits&bit == 0 {
		seen.bits |= bit
		return false
	}
	for i := range attributes {
		if attributes[i].name == name {
			return true
		}
	}
	return false
}

func (s *scanner) newElement(name string) *element {
	if len(s.elements) == cap(s.elements) {
		s.elements = make([]element, 0, 512)
	}
	s.elements = append(s.elements, element{name: name, line: s.line})
	return &s.elements[len(s.elements)-1]
}

// place puts the element into the one that is open.
func (s *scanner) place(e *element) error {
	switch {
	case len(s.stack) >= maxXMLDepth:
		return fmt.Errorf("line %d: <%s> is nested more than %d levels deep: no CIB needs that", s.line, e.name, maxXMLDepth)
	case len(s.stack) > 0:
		parent := s.stack[len(s.stack)-1]
		parent.kids = append(parent.kids, e)
	case s.root != nil:
		return fmt.Errorf("line %d: a second top element <%s>: a document holds one <cib>", s.line, e.name)
	default:
		s.root = e
	}
	return nil
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return
		}
		s.pos++
	}
}

// IsXMLName: an element or attribute can be called that.
func IsXMLName(text string) bool {
	s := scanner{text: text}
	return text != "" && s.name() == text
}

// name reads a name, with its prefix if it has one; "" if there is none.
func (s *scanner) name() string {
	start := s.pos
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if c < utf8.RuneSelf {
			digit := '0' <= c && c <= '9' || c == '-' || c == '.'
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == ':' || digit && s.pos > start) {
				break
			}
			s.pos++
			continue
		}
		r, size := utf8.DecodeRuneInString(s.text[s.pos:])
		if !unicode.IsLetter(r) && !(s.pos > start && unicode.IsDigit(r)) {
			break
		}
		s.pos += size
	}
	return s.text[start:s.pos]
}

func (s *scanner) attribute() (attribute, error) {
	name := s.name()
	if name == "" {
		return attribute{}, s.fail("expected attribute name in element")
	}
	s.space()
	if s.pos == len(s.text) || s.text[s.pos] != '=' {
		return attribute{}, s.fail("attribute name without = in element")
	}
	s.pos++
	s.space()
	if s.pos == len(s.text) || s.text[s.pos] != '"' && s.text[s.pos] != '\'' {
		return attribute{}, s.fail("unquoted or missing attribute value in element")
	}
	quote := s.text[s.pos]
	s.pos++
	value, err := s.value(quote)
	return attribute{name: name, value: value}, err
}

// value reads up to the closing quote. Most values hold nothing special, and
// are a part of the document.
func (s *scanner) value(quote byte) (string, error) {
	start, special := s.pos, false
	for ; s.pos < len(s.text); s.pos++ {
		c := s.text[s.pos]
		switch {
		case c == quote:
			value := s.text[start:s.pos]
			s.pos++
			if special {
				return s.plain(value)
			}
			return value, nil
		case c == '<':
			return "", s.fail("unescaped < inside quoted string")
		case c == '\n':
			s.line++
			special = true
		case c < ' ' || c == '&' || c >= utf8.RuneSelf:
			special = true
		}
	}
	return "", cutOff(s.stack)
}

// plain replaces the references in a value; plain line ends and tabs become
// spaces, as XML wants it.
func (s *scanner) plain(value string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(value); {
		r, size := utf8.DecodeRuneInString(value[i:])
		switch {
		case r == '&':
			end := strings.IndexByte(value[i:], ';')
			if end < 0 {
				return "", s.fail("invalid character entity & (no semicolon)")
			}
			reference := value[i+1 : i+end]
			if r, size = dereference(reference), end+1; r < 0 {
				return "", s.fail("invalid character entity &%s;", reference)
			}
		case r == '\r' && strings.HasPrefix(value[i+1:], "\n"):
			size, r = 2, ' '
		case r == '\n' || r == '\r' || r == '\t':
			r = ' '
		case !inCharacterRange(r):
			return "", s.fail("illegal character code %U", r)
		}
		b.WriteRune(r)
		i += size
	}
	return b.String(), nil
}

// dereference returns the character that a reference stands for, or -1.
func dereference(reference string) rune {
	switch reference {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	digits, numeric := strings.CutPrefix(reference, "#")
	base := 10
	if hex, is := strings.CutPrefix(digits, "x"); is {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if !numeric || err != nil || !inCharacterRange(rune(n)) {
		return -1
	}
	return rune(n)
}

// inCharacterRange says whether XML can hold the character (XML 1.0, Char).
func inCharacterRange(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}
