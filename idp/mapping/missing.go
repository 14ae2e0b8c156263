package mapping

import (
	"strings"

	"cloudsso/idp"
)

// MissingError says that a required row found no value. For people it is an
// *idp.Error that tells them what their administrator has to fill in.
type MissingError struct {
	Name string // of the row
	From string // the directory attributes that it is made of, or what else it comes from
	Why  string // for administrators
}

func missing(row idp.Mapping, o outcome) *MissingError {
	from := strings.Join(o.attributes, ", ")
	if from == "" {
		from = sourceOf(row)
	}
	return &MissingError{Name: row.Name, From: from, Why: o.note}
}

func (e *MissingError) Error() string {
	return "required row " + e.Name + " (" + e.From + ") has no value: " + e.Why
}

// Unwrap gives the sentence for people.
func (e *MissingError) Unwrap() error {
	return idp.Errorf(idp.Forbidden, "This application needs %q, and your account has no value for it (%s). Please ask your administrator to fill it in.", e.Name, e.From).On(e.Name)
}
