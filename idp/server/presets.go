package server

import (
	"os"

	"cloudsso/api/presets"
)

// catalog holds the presets of the program and of the operator's folder, nil if there is
// no such folder. A fault in a file ends the start, with its line.
func (s *Server) catalog() (*presets.Catalog, error) {
	dir := s.options.Config.Presets
	if dir == "" {
		return nil, nil
	}
	c, err := presets.New()
	if err == nil {
		err = c.Folder(os.DirFS(dir), dir)
	}
	return c, err
}
