package memory

import (
	"context"
	"slices"

	"cloudsso/idp"
)

// Subject is [idp.Subjects]'s.
func (s *Store) Subject(ctx context.Context, directory, directoryID, candidate string) (string, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	person := idp.SubjectLink{Directory: directory, DirectoryID: directoryID}
	if subject, ok := s.subjects[person]; ok {
		return subject, nil
	}
	if _, taken := s.links[candidate]; taken {
		return "", idp.ErrConflict
	}
	s.subjects[person], s.links[candidate] = candidate, []idp.SubjectLink{person}
	return candidate, nil
}

// SubjectOwner is [idp.Subjects]'s.
func (s *Store) SubjectOwner(ctx context.Context, subject string) (directory, directoryID string, err error) {
	people, err := s.SubjectLinks(ctx, subject)
	switch {
	case err != nil:
		return "", "", err
	case len(people) == 0:
		return "", "", idp.ErrNotFound
	}
	return people[0].Directory, people[0].DirectoryID, nil
}

// SubjectLinks is [idp.Subjects]'s.
func (s *Store) SubjectLinks(ctx context.Context, subject string) (people []idp.SubjectLink, err error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, person := range slices.Backward(s.links[subject]) {
		if s.subjects[person] == subject {
			people = append(people, person)
		}
	}
	return people, nil
}

// MoveSubject is [idp.Subjects]'s.
func (s *Store) MoveSubject(ctx context.Context, directory, directoryID, subject string) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	people, known := s.links[subject]
	if !known {
		return idp.ErrNotFound
	}
	person := idp.SubjectLink{Directory: directory, DirectoryID: directoryID}
	people = slices.DeleteFunc(people, func(l idp.SubjectLink) bool { return l == person })
	s.subjects[person], s.links[subject] = subject, append(people, person)
	return nil
}
