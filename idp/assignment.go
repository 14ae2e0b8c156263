package idp

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxAssigned     = 1000 // entries of one list
	maxAssignedName = 1024 // bytes; a group may be named by its distinguished name
)

// Assignment says who may use an app: whoever is in one of the lists. A nil one lets
// everybody in, an empty one nobody.
type Assignment struct {
	Groups []string `json:"groups,omitempty" maxItems:"1000" doc:"Groups as the directory names them, compared without case. Members of nested groups count."`
	Users  []string `json:"users,omitempty" maxItems:"1000" doc:"Usernames, compared without case, or subjects. A username counts in every directory; where two of them know it, name the subject."`
}

// Allows reports whether a person may use the app.
func (a *Assignment) Allows(p Person) bool {
	if a == nil || slices.ContainsFunc(a.Users, func(name string) bool { return names(name, p) }) {
		return true
	}
	return slices.ContainsFunc(a.Groups, func(name string) bool {
		folded := FoldUsername(name)
		return slices.ContainsFunc(p.Groups, func(group string) bool { return FoldUsername(group) == folded })
	})
}

// names: attack: somebody takes another one's subject as their username in some
// directory. Decision: what has the form of a subject is never a username.
func names(entry string, p Person) bool {
	if subjectForm(entry) {
		return entry == p.Subject
	}
	return p.Login != "" && FoldUsername(entry) == FoldUsername(p.Login)
}

// subjectForm is what [NewID] makes.
func subjectForm(s string) bool {
	return len(s) == 26 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// Check refuses lists that cannot be meant. The error is an [Error] of code [Invalid] whose
// Field is a JSON pointer into the assignment.
func (a *Assignment) Check() *Error {
	if a == nil {
		return nil
	}
	if err := checkAssigned("groups", a.Groups); err != nil {
		return err
	}
	return checkAssigned("users", a.Users)
}

func checkAssigned(list string, entries []string) *Error {
	if len(entries) > maxAssigned {
		return badMember("/"+list, "There are more than %d assigned %s: put people into a group, and assign that.", maxAssigned, list)
	}
	for i, entry := range entries {
		field := fmt.Sprintf("/%s/%d", list, i)
		switch {
		case strings.TrimSpace(entry) == "":
			return badMember(field, "The entry is empty. For an application that nobody may use, leave out the lists; for one that everybody may use, leave out assigned.")
		case strings.TrimSpace(entry) != entry || !utf8.ValidString(entry) || strings.ContainsFunc(entry, unicode.IsControl):
			return badMember(field, "The name must be ordinary text without spaces around it.")
		case len(entry) > maxAssignedName:
			return badMember(field, "The name is longer than %d bytes.", maxAssignedName)
		}
	}
	return nil
}
