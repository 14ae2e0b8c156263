package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// FieldChange is one member that is not as the file says.
type FieldChange struct {
	Field  string `json:"field"`
	Old    any    `json:"old,omitempty" doc:"In the database. Absent: nothing."`
	New    any    `json:"new,omitempty" doc:"In the file. Absent: nothing, so the default."`
	Secret bool   `json:"secret,omitempty" doc:"The values are nobody's business."`
}

// changedFields compares two documents of a type, members by name, lists by place.
func changedFields(was, is any) (out []FieldChange) {
	before, after := plainOf(was), plainOf(is)
	compare("", before, after, &out)
	return out
}

// plainOf is a value as its JSON. Ours always have one.
func plainOf(v any) (plain any) {
	if b, err := json.Marshal(v); err == nil {
		_ = json.Unmarshal(b, &plain)
	}
	return plain
}

func compare(path string, was, is any, out *[]FieldChange) {
	before, oldMembers := was.(map[string]any)
	after, newMembers := is.(map[string]any)
	if oldMembers && newMembers {
		for _, name := range slices.Sorted(maps.Keys(union(before, after))) {
			at := name
			if path != "" {
				at = path + "." + name
			}
			compare(at, before[name], after[name], out)
		}
		return
	}
	oldList, ok := was.([]any)
	newList, ok2 := is.([]any)
	if ok && ok2 && !scalars(oldList) && !scalars(newList) {
		for i := range max(len(oldList), len(newList)) {
			compare(path+"["+itoa(i)+"]", item(oldList, i), item(newList, i), out)
		}
		return
	}
	if !reflect.DeepEqual(was, is) && !(empty(was) && empty(is)) {
		*out = append(*out, FieldChange{Field: path, Old: was, New: is})
	}
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func item(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func scalars(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool {
		switch v.(type) {
		case map[string]any, []any:
			return true
		}
		return false
	})
}

// empty: a list without items, and none.
func empty(v any) bool {
	list, ok := v.([]any)
	return v == nil || ok && len(list) == 0
}
