package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

// NewGroup is the body of POST /groups.
type NewGroup struct {
	Name        string   `json:"name" minLength:"1" maxLength:"256" doc:"Unique, compared without case. Users and other groups name it."`
	Description string   `json:"description,omitempty" maxLength:"1024"`
	Parents     []string `json:"parents,omitempty" maxItems:"100" doc:"Groups that whoever is in this one is in too."`
}

// Group is the answer about a group.
type Group struct {
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Parents     []string    `json:"parents" nullable:"false"`
	ManagedBy   idp.Managed `json:"managed_by,omitzero" doc:"The file that keeps it: it is changed there. Absent: people keep it."`
	CreatedAt   time.Time   `json:"created_at"`
	UpdatedAt   time.Time   `json:"updated_at"`
	version     int64
}

func viewGroup(g idp.Group) Group {
	return Group{Name: g.Name, Description: g.Description, Parents: append([]string{}, g.Parents...), ManagedBy: g.Managed, CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt, version: g.Version}
}

// CreateGroup adds a group to the built-in directory.
func (o PeopleWriter) CreateGroup(ctx context.Context, in NewGroup) (Group, error) {
	g := idp.Group{Name: in.Name, Description: in.Description, Parents: in.Parents, Version: 1, CreatedAt: o.now(), UpdatedAt: o.now()}
	if err := o.checkGroup(ctx, g); err != nil {
		return Group{}, err
	}
	return o.createGroup(ctx, g)
}

func (o acting) createGroup(ctx context.Context, g idp.Group) (Group, error) {
	if err := o.Records.CreateGroup(ctx, g); err != nil {
		if errors.Is(err, idp.ErrConflict) {
			err = idp.Errorf(idp.Conflict, "There is a group with this name already.").On("name")
		}
		return Group{}, err
	}
	if err := o.record(ctx, idp.Event{Name: idp.EventGroupCreated, Detail: map[string]string{"group": g.Name}}); err != nil {
		return Group{}, errors.Join(err, o.Records.DeleteGroup(ctx, g.Name, g.Version))
	}
	return viewGroup(g), nil
}

func (o acting) checkGroup(ctx context.Context, g idp.Group) error {
	if err := checkGroupNames(g); err != nil {
		return err
	}
	return notInItself(g, func(name string) (idp.Group, error) { return o.Records.Group(ctx, name) })
}

func checkGroupNames(g idp.Group) (err error) {
	if checkGroups([]string{g.Name}) != nil || g.Name != strings.TrimSpace(g.Name) {
		err = idp.Errorf(idp.Invalid, "A group name has 1 to 256 bytes, no control characters and no space around it.").On("name")
	}
	return errors.Join(err, within("parents", checkParents(g)))
}

func checkParents(g idp.Group) error {
	for i, name := range g.Parents {
		if checkGroups([]string{name}) != nil {
			return idp.Errorf(idp.Invalid, "A group name has 1 to 256 bytes and no control characters.").On("[" + itoa(i) + "]")
		}
	}
	return nil
}

const maxAbove = 1000 // groups looked at

// notInItself refuses a group that would be above itself. The directory survives that,
// but it is never meant.
func notInItself(g idp.Group, find func(name string) (idp.Group, error)) error {
	seen, above := map[string]bool{}, append([]string(nil), g.Parents...)
	for len(above) > 0 && len(seen) < maxAbove {
		name := above[0]
		above = above[1:]
		key := idp.FoldUsername(name)
		if key == idp.FoldUsername(g.Name) {
			return idp.Errorf(idp.Invalid, "The group would be in itself. Look at the parents of its parents.").On("parents")
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		parent, err := find(name)
		if err != nil && !errors.Is(err, idp.ErrNotFound) {
			return err
		}
		above = append(above, parent.Parents...)
	}
	return nil
}

// Group returns one group.
func (o PeopleReader) Group(ctx context.Context, name string) (Group, error) {
	g, err := o.Records.Group(ctx, name)
	if err != nil {
		return Group{}, missing(err, "group", name)
	}
	return viewGroup(g), nil
}

// Groups lists the groups by name.
func (o PeopleReader) Groups(ctx context.Context, p Paging) (List[Group], error) {
	page, err := p.page("groups")
	if err != nil {
		return List[Group]{}, err
	}
	rows, err := o.Records.Groups(ctx, page)
	return list(p, rows, func(g idp.Group) string { return g.Name }, viewGroup), err
}

// PatchGroup changes a group by a JSON merge patch. Its name may change in case only:
// users and groups name it.
func (o PeopleWriter) PatchGroup(ctx context.Context, name string, patch json.RawMessage, match IfMatch) (Group, error) {
	g, err := o.Records.Group(ctx, name)
	if err != nil {
		return Group{}, missing(err, "group", name)
	}
	if err := match.check(g.Version); err != nil {
		return Group{}, err
	}
	if err := g.Managed.Check("group"); err != nil {
		return Group{}, err
	}
	in, err := patched(o.schemas, settingsOfGroup(g), patch)
	if err != nil {
		return Group{}, err
	}
	if idp.FoldUsername(in.Name) != idp.FoldUsername(g.Name) {
		return Group{}, idp.Errorf(idp.Invalid, "A group keeps its name, apart from upper and lower case, because users and groups name it. Add another group instead.").On("name")
	}
	was := g
	g.Name, g.Description, g.Parents = in.Name, in.Description, in.Parents
	if err := o.checkGroup(ctx, g); err != nil {
		return Group{}, err
	}
	return o.saveGroup(ctx, was, g)
}

func (o acting) saveGroup(ctx context.Context, was, g idp.Group) (Group, error) {
	g.UpdatedAt = o.now()
	if err := o.Records.UpdateGroup(ctx, g); err != nil {
		return Group{}, missing(err, "group", g.Name)
	}
	g.Version++
	return viewGroup(g), o.recordChange(ctx, idp.Event{Name: idp.EventGroupUpdated, Detail: map[string]string{"group": g.Name}}, settingsOfGroup(was), settingsOfGroup(g))
}

// settingsOfGroup is the document that a patch is applied to.
func settingsOfGroup(g idp.Group) NewGroup {
	return NewGroup{Name: g.Name, Description: g.Description, Parents: g.Parents}
}

// DeleteGroup deletes a group's record. Users and groups that name it still do: it is in
// no other group any more.
func (o PeopleWriter) DeleteGroup(ctx context.Context, name string, match IfMatch) error {
	g, err := o.Records.Group(ctx, name)
	if err != nil {
		return missing(err, "group", name)
	}
	if err := errors.Join(match.check(g.Version), g.Managed.Check("group")); err != nil {
		return err
	}
	return o.deleteGroup(ctx, g, match.version(g.Version))
}

func (o acting) deleteGroup(ctx context.Context, g idp.Group, version int64) error {
	if err := o.Records.DeleteGroup(ctx, g.Name, version); err != nil {
		return missing(err, "group", g.Name)
	}
	return o.record(ctx, idp.Event{Name: idp.EventGroupDeleted, Detail: map[string]string{"group": g.Name}})
}

func (a *Admin) groupRoutes(api huma.API) {
	handleFor(api, Actor.PeopleWriter, http.MethodPost, "/groups", "create-group", "Add a built-in group", http.StatusCreated,
		func(ctx context.Context, o PeopleWriter, in *createInput[NewGroup]) (*one[Group], error) {
			g, err := o.CreateGroup(ctx, in.Body)
			return &one[Group]{ETag: etag(g.version), Location: a.created("/groups", g.Name), Body: g}, err
		})
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/groups", "list-groups", "List built-in groups", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *listInput) (*many[Group], error) {
			l, err := o.Groups(ctx, in.Paging)
			return &many[Group]{l}, err
		})
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/groups/{id}", "read-group", "Read a group", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *readInput) (*one[Group], error) {
			g, err := o.Group(ctx, in.ID)
			return answer(g, g.version, err)
		})
	handleFor(api, Actor.PeopleWriter, http.MethodPatch, "/groups/{id}", "change-group", "Change a group", http.StatusOK,
		func(ctx context.Context, o PeopleWriter, in *patchInput) (*one[Group], error) {
			g, err := o.PatchGroup(ctx, in.ID, in.RawBody, in.IfMatch)
			return answer(g, g.version, err)
		})
	mergePatchOf[NewGroup](api, "/groups/{id}")
	handleFor(api, Actor.PeopleWriter, http.MethodDelete, "/groups/{id}", "delete-group", "Delete a group", http.StatusNoContent,
		func(ctx context.Context, o PeopleWriter, in *deleteInput) (*nothing, error) {
			return nil, o.DeleteGroup(ctx, in.ID, in.IfMatch)
		})
}
