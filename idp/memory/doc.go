// Package memory keeps Records and Flows in maps, for tests. It keeps every rule of the
// ports, races and copies included; it forgets everything when the process ends.
//
// Each verb locks the one mutex, works on plain maps and hands out deep copies
// ([clone]); what expires is compared with the clock given to [New].
package memory
