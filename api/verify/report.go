package verify

import (
	"strings"
	"unicode/utf8"

	"cloudsso/idp"
)

// Results of a [Check].
const (
	Passed        = "passed"
	Failed        = "failed"
	NotApplicable = "not_applicable"
)

// Check is one line of the check list.
type Check struct {
	Name     string `json:"name" doc:"What was looked at."`
	Result   string `json:"result" enum:"passed,failed,not_applicable"`
	Expected string `json:"expected,omitempty"`
	Received string `json:"received,omitempty"`
	Advice   string `json:"advice,omitempty" doc:"What to do about a check that failed; why one does not apply."`
}

// Decoded is something that was received, decoded. Signatures are not in it: nobody can use it.
type Decoded struct {
	Name string `json:"name" doc:"id_token, userinfo, access_token, assertion, response, token or payload."`
	Kind string `json:"kind" enum:"json,xml"`
	Text string `json:"text"`
}

// Report is what came of a test.
type Report struct {
	Protocol     string    `json:"protocol" enum:"oidc,saml,token"`
	Passed       bool      `json:"passed" doc:"No check failed."`
	Milliseconds int64     `json:"milliseconds" doc:"How long all of it took."`
	Checks       []Check   `json:"checks" doc:"In the order in which an application checks. After one that fails, others may be missing."`
	Documents    []Decoded `json:"documents,omitempty"`
}

// FailedNames are the names of the checks that failed.
func (r Report) FailedNames() (names []string) {
	for _, c := range r.Checks {
		if c.Result == Failed {
			names = append(names, c.Name)
		}
	}
	return names
}

// Bounds of a report, which is stored for a while.
const (
	maxText     = 1000
	maxDocument = 40 << 10
)

// sheet is a report that is being written.
type sheet struct{ Report }

// check adds a line, and says whether it passed.
func (s *sheet) check(ok bool, name, expected, received, advice string) bool {
	c := Check{Name: name, Result: Passed, Expected: clip(expected, maxText), Received: clip(received, maxText)}
	if !ok {
		c.Result, c.Advice = Failed, advice
	}
	s.Checks = append(s.Checks, c)
	return ok
}

// equal is check for two texts that have to be the same.
func (s *sheet) equal(name, expected, received, advice string) bool {
	return s.check(expected == received, name, expected, received, advice)
}

func (s *sheet) skip(name, why string) {
	s.Checks = append(s.Checks, Check{Name: name, Result: NotApplicable, Advice: why})
}

func (s *sheet) show(name, kind, text string) {
	s.Documents = append(s.Documents, Decoded{name, kind, clip(text, maxDocument)})
}

func (s *sheet) done() Report {
	s.Report.Passed = len(s.FailedNames()) == 0
	return s.Report
}

// clip cuts text from elsewhere to a bounded length of characters that can be shown.
func clip(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + " […]"
}

// refusals says what must keep this person out of this app, in lines of the list; a sign-in that
// succeeds all the same is the worst fault of all.
func (s *sheet) refusals(disabled bool, assigned *idp.Assignment, p idp.Person, missing error) (must bool) {
	ok := s.check(!disabled, "Application", "switched on", word(disabled, "switched off", "switched on"), "Switch the application on again: nobody can sign in to it.")
	ok = s.check(p.Status == idp.Active, "Person", string(idp.Active), string(p.Status), "Enable the account in its directory, or test with somebody who may sign in.") && ok
	ok = s.check(assigned.Allows(p), "Assignment", "the person may use the application", word(assigned.Allows(p), "assigned", "not assigned"), "Assign the person or one of their groups to the application, or test with somebody who is assigned.") && ok
	received := "a value for each"
	if missing != nil {
		received = missing.Error()
	}
	return !(s.check(missing == nil, "Required values", "a value for each required row of the mapping", received, "Fill the attribute in the directory, give the row a default, or make it no longer required.") && ok)
}

// refused closes a list in which somebody had to be refused.
func (s *sheet) refused(was bool, answer string) {
	s.check(was, "Refusal", "the sign-in is refused", answer, "The provider signed somebody in who must be kept out. Report this as a security fault.")
}

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}
