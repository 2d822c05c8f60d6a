package api

import (
	"maps"
	"slices"
)

// Routes lists all routes as "METHOD /path/{takes}", for tests of all of them.
func Routes() (all []string) {
	var walk func(n *node, path string)
	walk = func(n *node, path string) {
		for _, method := range slices.Sorted(maps.Keys(n.actions)) {
			if n.rest {
				all = append(all, method+" "+path+"/{rest}")
			} else {
				all = append(all, method+" "+path)
			}
		}
		for _, segment := range slices.Sorted(maps.Keys(n.literals)) {
			walk(n.literals[segment], path+"/"+segment)
		}
		if n.param != nil {
			walk(n.param, path+"/{"+n.takes+"}")
		}
	}
	walk(newRoutes(), "")
	return all
}
