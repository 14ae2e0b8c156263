package userdir

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"time"

	"cloudsso/idp"
)

// MigrationStore is what copying people needs.
type MigrationStore interface {
	CreateUser(ctx context.Context, u idp.User) error
	DeleteUser(ctx context.Context, id string, version int64) error
	MoveSubject(ctx context.Context, directory, directoryID, subject string) error
}

// Migration copies people of one directory into the built-in one when they sign in
// there: attributes, groups and, as an argon2id hash, the password that was right. They
// keep their subject, and with it consents, factors and pairwise ids.
type Migration struct {
	From   string // id of the directory that they come from
	To     string // id of the built-in one, which stands before it
	Store  MigrationStore
	Events Recorder
	Now    func() time.Time

	passwords *Passwords
}

// Migrate sets a migration up. It must be called before the first sign-in.
func (u *Users) Migrate(m Migration) {
	m.passwords = u.passwords
	u.migration = &m
}

// copy returns the person as they are after it. It is worth trying, never worth failing a
// sign-in for: whatever goes wrong, they are who they were, and the next sign-in tries
// again. A name that was taken in the meantime is a copy of another tab's.
func (m *Migration) copy(ctx context.Context, p idp.Person, password string) idp.Person {
	copied, err := m.try(ctx, p, password)
	if err != nil {
		if !errors.Is(err, idp.ErrConflict) {
			idp.Note(ctx, slog.String("migration_error", err.Error()))
		}
		return p
	}
	return copied
}

func (m *Migration) try(ctx context.Context, p idp.Person, password string) (idp.Person, error) {
	hash, err := m.passwords.Hash(ctx, password)
	if err != nil {
		return p, err
	}
	now := m.Now().UTC().Truncate(time.Microsecond)
	row := idp.User{
		ID: idp.NewID(), Username: p.Login, Email: p.Attributes.First("email"), PasswordHash: hash, PasswordChangedAt: now,
		Attributes: maps.Clone(p.Attributes), Groups: p.Groups, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	delete(row.Attributes, "username") // columns here
	delete(row.Attributes, "email")
	if err := m.Store.CreateUser(ctx, row); err != nil {
		return p, err
	}
	err = m.Events.Record(ctx, idp.Event{Name: idp.EventUserMigrated, Subject: p.Subject, Detail: map[string]string{"user": row.ID, "directory": m.From, "directory_id": p.DirectoryID}})
	if err == nil {
		err = m.Store.MoveSubject(ctx, m.To, row.ID, p.Subject)
	}
	if err != nil { // without the move they would be a new person
		return p, errors.Join(err, m.Store.DeleteUser(context.WithoutCancel(ctx), row.ID, row.Version))
	}
	p.Directory, p.DirectoryID = m.To, row.ID
	return p, nil
}
