// Package presets knows how particular applications are connected: what to ask the admin,
// which settings follow from the answers, what the application is told about people, and
// under which names its own guide asks for our values.
//
// A preset is one YAML file. Those in catalog/ are part of the program, [Catalog.Folder]
// reads more. Each is held against schema.json, which is made of [Preset], and against
// the rules in check.go; a fault names its file and line.
//
// In settings and mapping, ${id} stands for the answer to the ask of that id. A text that
// is nothing but one placeholder takes the answer's own form (a list, a map), and goes
// away when the answer is empty; a mapping row goes away as a whole.
package presets
