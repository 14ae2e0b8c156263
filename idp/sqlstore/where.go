package sqlstore

import "fmt"

// condition is what a filter wants of one column; "" wants nothing.
type condition struct{ column, value string }

// conditions is " AND column = $3 …" for all that want something, and their values: the
// statement that it becomes part of has the placeholders $1 and $2.
func conditions(wanted ...condition) (where string, values []any) {
	for _, c := range wanted {
		if c.value != "" {
			values = append(values, c.value)
			where += fmt.Sprintf(" AND %s = $%d", c.column, 2+len(values))
		}
	}
	return where, values
}
