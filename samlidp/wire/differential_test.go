package wire_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cloudsso/samlidp/wire"
)

// mutants returns documents that we accept, made from good ones by putting pieces of
// XML where they were not.
func mutants(t *testing.T, want int) []string {
	t.Helper()
	pieces := []string{
		"", " ", "\t", "\r\n", "\r", "x", "'", `"`, "=", "/", ">", "&amp;", "&#x20;", "&#10;", "&#13;", "&#xD;", "&lt;", "&gt;", "]]", "]]&gt;",
		"<b/>", "<b></b>", "<p:b/>", `<b xmlns=""/>`, `<b xmlns="urn:d2"/>`, `<p:b xmlns:p="urn:p2"/>`, ` xmlns="urn:d3"`, ` xmlns:p="urn:p3"`, ` xmlns:q="urn:p"`, ` p:x="1"`, ` q:x="1"`, ` x="1"`, ` xml:lang="en"`, ` ID="z"`,
		"<!-- x -->", "<![CDATA[x]]>", "<?x y?>", "é", "\U0001F600", "\u0085", "\u2028", "\uFFFD", "\x7f", ":", "&", "<", "\x01", "-", ".", "1",
	}
	random := rand.New(rand.NewPCG(1, 2))
	var docs []string
	for tries := 0; len(docs) < want && tries < 200*want; tries++ {
		doc := canonDocs[random.IntN(len(canonDocs))].doc
		for range 1 + random.IntN(3) {
			i := random.IntN(len(doc) + 1)
			doc = doc[:i] + pieces[random.IntN(len(pieces))] + doc[i:]
		}
		if _, err := wire.Parse([]byte(doc)); err == nil {
			docs = append(docs, doc)
		}
	}
	if len(docs) < want {
		t.Fatalf("only %d of %d mutants are accepted", len(docs), want)
	}
	return docs
}

// S15: whatever of many odd documents we accept, libxml2 accepts too and reads the same:
// both canonical forms are equal.
func TestS15OddDocumentsAreReadAsLibxml2ReadsThem(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		t.Fatal("xmllint is needed as the second opinion on XML: apt-get install libxml2-utils")
	}
	docs := mutants(t, 800)
	dir := t.TempDir()
	for _, form := range []struct {
		flag  string
		write func(*wire.Element) []byte
	}{
		{"--exc-c14n", func(e *wire.Element) []byte { return wire.Canonicalize(e, nil) }},
		{"--c14n", func(e *wire.Element) []byte { return wire.CanonicalizeInclusive(e, nil) }},
	} {
		args := []string{"--nonet", form.flag}
		var want bytes.Buffer
		for i, doc := range docs {
			file := filepath.Join(dir, fmt.Sprintf("%04d.xml", i))
			if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, file)
			want.Write(form.write(mustParse(t, doc)))
		}
		var complaints bytes.Buffer
		cmd := exec.CommandContext(t.Context(), tool, args...)
		cmd.Stderr = &complaints
		got, err := cmd.Output()
		if err != nil {
			t.Fatalf("libxml2 refuses what we accept: %v\n%s", err, grepErrors(complaints.String()))
		}
		if !bytes.Equal(got, want.Bytes()) {
			at := 0
			for at < min(len(got), want.Len()) && got[at] == want.Bytes()[at] {
				at++
			}
			t.Errorf("%s differs from byte %d on:\nlibxml2 %.300q\nwe      %.300q", form.flag, at, got[max(0, at-100):], want.Bytes()[max(0, at-100):])
		}
	}
}

// S05: the worst that fits into a message costs little memory, for reading and for
// canonicalising.
func TestS05WorstMessagesStaySmall(t *testing.T) {
	many := strings.Repeat
	rows := []struct{ name, doc string }{
		{"as many elements as allowed", "<a>" + many("<b></b>", 1999) + "</a>"},
		{"as much text as allowed", "<a>" + many("x", 250<<10) + "</a>"},
		{"as many references as fit", "<a>" + many("&gt;", 60<<10) + "</a>"},
		{"carriage returns, which grow when written", "<a>" + many("&#13;", 50<<10) + "</a>"},
		{"attributes everywhere", "<a>" + many("<b"+attrs(12)+"/>", 1500) + "</a>"},
		{"declarations everywhere", "<a>" + many("<b"+decls(5, "p")+"/>", 1900) + "</a>"},
		{"deep and wide", many("<a>", 23) + many("<b/>", 1900) + many("</a>", 23)},
		{"an unknown prefix at the bottom", many("<a>", 22) + "<b" + decls(60, "p") + ">" + many("<q:c/>", 3)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if len(row.doc) > 256<<10 {
				t.Fatalf("%d bytes do not fit into a message", len(row.doc))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if root, err := wire.Parse([]byte(row.doc)); err == nil {
				wire.Canonicalize(root, nil)
			}
			runtime.ReadMemStats(&after)
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 8<<20 {
				t.Errorf("%d KB were allocated for a message of %d KB", spent>>10, len(row.doc)>>10)
			}
		})
	}
}

// grepErrors leaves libxml2's warnings out.
func grepErrors(complaints string) string {
	var b strings.Builder
	for line := range strings.Lines(complaints) {
		if strings.Contains(line, "error") {
			b.WriteString(line)
		}
	}
	return b.String()
}
