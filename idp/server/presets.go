package server

import (
	"os"

	"cloudsso/api/presets"
)

// catalog holds the presets of the program and of the operator's folder. A fault in a
// file ends the start, with its line.
func (s *Server) catalog() (*presets.Catalog, error) {
	c, err := presets.New()
	if dir := s.options.Config.Presets; err == nil && dir != "" {
		err = c.Folder(os.DirFS(dir), dir)
	}
	return c, err
}
