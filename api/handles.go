package api

// Handles: an operation is a method of the handle that names the right it needs, so that
// a forgotten check does not compile. Other packages cannot make one that works.
type (
	// AppsReader reads apps: for an app admin, their own.
	AppsReader struct{ acting }
	// AppsWriter changes the settings of apps: for an app admin, of their own.
	AppsWriter struct{ AppsReader }
	// AppsMaker creates and deletes apps.
	AppsMaker struct{ AppsWriter }

	// PeopleReader reads people, their sessions and grants.
	PeopleReader struct{ acting }
	// PeopleHelper helps people to sign in, and ends their access.
	PeopleHelper struct{ PeopleReader }
	// PeopleWriter creates, changes and deletes people.
	PeopleWriter struct{ PeopleHelper }

	// KeysReader reads what is public about keys.
	KeysReader struct{ acting }
	// KeysWriter rotates keys.
	KeysWriter struct{ KeysReader }

	// EventsReader reads the audit log and traces: for an app admin, of their own apps.
	EventsReader struct{ acting }

	// AdminsReader reads who the admins are, and their tokens.
	AdminsReader struct{ acting }
	// AdminsWriter makes and removes admins and their tokens.
	AdminsWriter struct{ AdminsReader }
)

// Owner is the handle to every operation.
type Owner struct {
	acting
	AppsMaker
	PeopleWriter
	KeysWriter
	EventsReader
	AdminsWriter
}

// AppsReader is the actor's handle of this right. Forbidden unless their role has it; so
// for all that follow.
func (a Actor) AppsReader() (AppsReader, error) {
	o, err := a.may(readApps)
	return AppsReader{o}, err
}

// AppsWriter is the actor's handle of this right.
func (a Actor) AppsWriter() (AppsWriter, error) {
	o, err := a.may(readApps | writeApps)
	return AppsWriter{AppsReader{o}}, err
}

// AppsMaker is the actor's handle of this right.
func (a Actor) AppsMaker() (AppsMaker, error) {
	o, err := a.may(readApps | writeApps | makeApps)
	return AppsMaker{AppsWriter{AppsReader{o}}}, err
}

// PeopleReader is the actor's handle of this right.
func (a Actor) PeopleReader() (PeopleReader, error) {
	o, err := a.may(readPeople)
	return PeopleReader{o}, err
}

// PeopleHelper is the actor's handle of this right.
func (a Actor) PeopleHelper() (PeopleHelper, error) {
	o, err := a.may(readPeople | helpPeople)
	return PeopleHelper{PeopleReader{o}}, err
}

// PeopleWriter is the actor's handle of this right.
func (a Actor) PeopleWriter() (PeopleWriter, error) {
	o, err := a.may(readPeople | helpPeople | writePeople)
	return PeopleWriter{PeopleHelper{PeopleReader{o}}}, err
}

// KeysReader is the actor's handle of this right.
func (a Actor) KeysReader() (KeysReader, error) {
	o, err := a.may(readKeys)
	return KeysReader{o}, err
}

// KeysWriter is the actor's handle of this right.
func (a Actor) KeysWriter() (KeysWriter, error) {
	o, err := a.may(readKeys | writeKeys)
	return KeysWriter{KeysReader{o}}, err
}

// EventsReader is the actor's handle of this right.
func (a Actor) EventsReader() (EventsReader, error) {
	o, err := a.may(readEvents)
	return EventsReader{o}, err
}

// AdminsReader is the actor's handle of this right.
func (a Actor) AdminsReader() (AdminsReader, error) {
	o, err := a.may(readAdmins)
	return AdminsReader{o}, err
}

// AdminsWriter is the actor's handle of this right.
func (a Actor) AdminsWriter() (AdminsWriter, error) {
	o, err := a.may(readAdmins | writeAdmins)
	return AdminsWriter{AdminsReader{o}}, err
}

// Registrar names the actor, for whoever lets clients register themselves.
func (a Actor) Registrar() (string, error) {
	o, err := a.may(register)
	return o.actor, err
}

// Owner is the actor's handle to everything.
func (a Actor) Owner() (*Owner, error) {
	o, err := a.may(everything)
	if err != nil {
		return nil, err
	}
	admins, people := AdminsWriter{AdminsReader{o}}, PeopleWriter{PeopleHelper{PeopleReader{o}}}
	return &Owner{o, AppsMaker{AppsWriter{AppsReader{o}}}, people, KeysWriter{KeysReader{o}}, EventsReader{o}, admins}, nil
}
