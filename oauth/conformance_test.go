package oauth_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requirements says how many lines each part of the checklist has, and what they are
// about. A test of a line carries its number in its name: TestConformance_D05_MaxAgeIsOver
// is about the fifth line of part D, TestConformance_E04_E05_FormPost about two.
//
// S to W are FAPI 2.0: the lines of them that hold here are tested beside their code.
func requirements() map[string]int {
	return map[string]int{
		"A": 23, // discovery and key sets
		"B": 18, // authorization requests that must be accepted
		"C": 9,  // redirect URIs
		"D": 10, // prompt, max_age, hints, sessions
		"E": 12, // authorization responses
		"F": 12, // token endpoint
		"G": 8,  // refresh
		"H": 10, // ID tokens
		"I": 10, // userinfo and claims
		"J": 8,  // request objects
		"K": 16, // dynamic registration
		"L": 5,  // keys
		"M": 6,  // login and consent pages
		"N": 12, // RP-initiated logout
		"O": 5,  // session management
		"P": 6,  // front-channel logout
		"Q": 7,  // back-channel logout
		"R": 1,  // sign-ins that begin elsewhere
	}
}

// TestEachLineOfTheChecklistHasATest reads the tests' names: nobody can lose one by
// renaming, moving or deleting it.
func TestEachLineOfTheChecklistHasATest(t *testing.T) {
	t.Parallel()
	tested := map[string][]string{}
	for _, folder := range []string{".", "../idp/server", "../idp/outbound"} {
		for _, name := range testsIn(t, folder) {
			for _, line := range regexp.MustCompile(`[A-Z][0-9]{2}`).FindAllString(conformanceLines(name), -1) {
				tested[line] = append(tested[line], name)
			}
		}
	}
	known := map[string]bool{}
	for part, lines := range requirements() {
		for i := range lines {
			line := fmt.Sprintf("%s%02d", part, i+1)
			known[line] = true
			if len(tested[line]) == 0 {
				t.Errorf("no test of %s", line)
			}
		}
	}
	for _, line := range slices.Sorted(maps.Keys(tested)) {
		if !known[line] && line < "S" {
			t.Errorf("%v: there is no line %s", tested[line], line)
		}
	}
}

// conformanceLines is the part of a test's name that names lines, "" of any other test.
func conformanceLines(name string) string {
	rest, ok := strings.CutPrefix(name, "TestConformance")
	if !ok {
		return ""
	}
	return regexp.MustCompile(`^(_[A-Z][0-9]{2})+`).FindString(rest)
}

func testsIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(files), err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			if names = append(names, f.Name.Name); strings.HasPrefix(f.Name.Name, "TestConformance") && conformanceLines(f.Name.Name) == "" {
				t.Errorf("%s: %s names no line", path, f.Name.Name)
			}
		}
	}
	return names
}
