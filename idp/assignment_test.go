package idp_test

import (
	"errors"
	"strings"
	"testing"

	"cloudsso/idp"
)

func TestWhoIsAssigned(t *testing.T) {
	t.Parallel()
	ada := idp.Person{Subject: "abcdefghijklmnopqrstuvwx23", Login: "Ada.Lovelace", Groups: []string{"Staff", "CN=Wiki Users,DC=example"}}
	for name, c := range map[string]struct {
		assigned *idp.Assignment
		may      bool
	}{
		"nothing said":                         {nil, true},
		"an empty assignment":                  {&idp.Assignment{}, false},
		"empty lists":                          {&idp.Assignment{Groups: []string{}, Users: []string{}}, false},
		"a group":                              {&idp.Assignment{Groups: []string{"sales", "Staff"}}, true},
		"a group in other letters":             {&idp.Assignment{Groups: []string{"STAFF"}}, true},
		"a group with the sign for kelvin":     {&idp.Assignment{Groups: []string{"CN=Wi\u212Ai Users,DC=example"}}, true},
		"another group":                        {&idp.Assignment{Groups: []string{"Staf", "Staff2"}}, false},
		"a username":                           {&idp.Assignment{Users: []string{"ada.lovelace"}}, true},
		"another username":                     {&idp.Assignment{Users: []string{"ada"}}, false},
		"a subject":                            {&idp.Assignment{Users: []string{"abcdefghijklmnopqrstuvwx23"}}, true},
		"a subject in capitals is a username":  {&idp.Assignment{Users: []string{"ABCDEFGHIJKLMNOPQRSTUVWX23"}}, false},
		"a username among the groups":          {&idp.Assignment{Groups: []string{"Ada.Lovelace"}}, false},
		"a group among the users":              {&idp.Assignment{Users: []string{"Staff"}}, false},
		"neither, of both":                     {&idp.Assignment{Groups: []string{"sales"}, Users: []string{"grace"}}, false},
		"the user, and a group of others":      {&idp.Assignment{Groups: []string{"sales"}, Users: []string{"ADA.LOVELACE"}}, true},
		"nobody's name, of a person without":   {&idp.Assignment{Users: []string{""}}, false},
		"nobody's group, of a person with two": {&idp.Assignment{Groups: []string{""}}, false},
	} {
		if got := c.assigned.Allows(ada); got != c.may {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (&idp.Assignment{Users: []string{""}}).Allows(idp.Person{}) {
		t.Error("nobody is let in by an empty name")
	}
}

// Attack: a person of some directory whose username is the subject of another one.
func TestAUsernameIsNoSubject(t *testing.T) {
	t.Parallel()
	subject := idp.NewID()
	a := &idp.Assignment{Users: []string{subject}}
	if !a.Allows(idp.Person{Subject: subject, Login: "ada"}) || a.Allows(idp.Person{Subject: idp.NewID(), Login: subject}) {
		t.Error("somebody passes for another by a username")
	}
}

func TestAssignmentsThatAreRefused(t *testing.T) {
	t.Parallel()
	many := strings.Split(strings.Repeat("x,", 1000)+"x", ",")
	for name, c := range map[string]struct {
		in          idp.Assignment
		field, text string
	}{
		"too many groups":         {idp.Assignment{Groups: many}, "assigned/groups", "There are more than 1000 assigned groups: put people into a group, and assign that."},
		"too many users":          {idp.Assignment{Users: many}, "assigned/users", "There are more than 1000 assigned users: put people into a group, and assign that."},
		"an empty group":          {idp.Assignment{Groups: []string{"a", ""}}, "assigned/groups/1", "The entry is empty. For an application that nobody may use, leave out the lists; for one that everybody may use, leave out assigned."},
		"a blank user":            {idp.Assignment{Users: []string{" "}}, "assigned/users/0", "The entry is empty. For an application that nobody may use, leave out the lists; for one that everybody may use, leave out assigned."},
		"a user with a space":     {idp.Assignment{Users: []string{"ada "}}, "assigned/users/0", "The name must be ordinary text without spaces around it."},
		"a group with NUL":        {idp.Assignment{Groups: []string{"a\x00b"}}, "assigned/groups/0", "The name must be ordinary text without spaces around it."},
		"a group that is no text": {idp.Assignment{Groups: []string{"a\xffb"}}, "assigned/groups/0", "The name must be ordinary text without spaces around it."},
		"a long user":             {idp.Assignment{Users: []string{strings.Repeat("u", 1025)}}, "assigned/users/0", "The name is longer than 1024 bytes."},
	} {
		_, err := complete(func(m *idp.ClientMetadata) { m.Assigned = &c.in })
		var e *idp.Error
		if !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != c.field || e.Public != c.text {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, fine := range map[string]*idp.Assignment{"none": nil, "empty": {}, "as many as there may be": {Groups: many[1:], Users: many[1:]}} {
		if _, err := complete(func(m *idp.ClientMetadata) { m.Assigned = fine }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
