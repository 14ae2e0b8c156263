package idp

// Managed says which file keeps a record. The zero value: none does, people keep it.
type Managed struct {
	Source string `json:"source" doc:"The set of files."`
	File   string `json:"file" doc:"The file in it."`
	Secret bool   `json:"secret,omitempty" doc:"The client_secret comes with the file too."`
}

// Check refuses a change by hand of what a file keeps: the next apply would undo it. what
// is the word for the record, such as app.
func (m Managed) Check(what string) error {
	if m == (Managed{}) {
		return nil
	}
	return Errorf(Conflict, "This %s is kept in the file %s; change it there.", what, m.File)
}
