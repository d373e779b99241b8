package render

import (
	"fmt"
	"path"
	"strings"
)

// mostTold is the number of problems of one code that are told one by one.
const mostTold = 50

// tellAll adds problems of one code and severity; of many it sums up the rest.
func (s *survey) tellAll(problems []Problem) {
	if rest := len(problems) - mostTold; rest > 0 {
		problems = problems[:mostTold]
		last := problems[mostTold-1]
		last.Origin = Origin{}
		last.Message = fmt.Sprintf("%s, and so it is of %d more directories", last.Message, rest)
		problems = append(problems[:mostTold-1:mostTold-1], last)
	}
	s.problems = append(s.problems, problems...)
}

// tellUnused tells of components that nothing uses. Kustomize builds one all
// the same, if it is told to, so what it may make is Unseen.
func (s *survey) tellUnused(g graph) {
	var unseen, notices []Problem
	for _, name := range g.unused() {
		p := Problem{
			Code:    CodeComponentUnused,
			Message: fmt.Sprintf("component %s is used by no kustomization, so it was not rendered", name),
			Hint:    "remove it or use it; or name the directories that are deployed with --path",
			Origin:  Origin{File: path.Join(name, s.dirs[name].kustomization)},
		}
		if s.dirs[name].builds {
			unseen = append(unseen, p)
			continue
		}
		p.Severity = Notice
		p.Hint = "nothing to do: it makes no objects by itself"
		notices = append(notices, p)
	}
	s.tellAll(unseen)
	s.tellAll(notices)
}

// tellUsed tells of kustomizations that are rendered only as others use them:
// those may change what they deploy.
func (s *survey) tellUsed(g graph) {
	users := map[string][]string{}
	for _, name := range g.names {
		for _, used := range g.uses[name] {
			if list := users[used]; s.dirs[name].rendered && (len(list) == 0 || list[len(list)-1] != name) {
				users[used] = append(list, name)
			}
		}
	}
	var problems []Problem
	for _, name := range g.roots() {
		delete(users, name)
	}
	for _, name := range g.names {
		by := users[name]
		if len(by) == 0 || g.never[name] {
			continue
		}
		who := by[0]
		if len(by) > 1 {
			who = fmt.Sprintf("%s and %d more", who, len(by)-1)
		}
		problems = append(problems, Problem{
			Code: CodeBaseOnly, Severity: Notice,
			Message: fmt.Sprintf("kustomization %s was not rendered by itself, only as used by %s", name, who),
			Hint:    "nothing to do unless something deploys it by itself: then name it with --path",
			Origin:  Origin{File: path.Join(name, s.dirs[name].kustomization)},
		})
	}
	s.tellAll(problems)
}

// tellUnread tells of directories that hold what no unit reads.
func (s *survey) tellUnread() {
	var unseen, notices, jsonnet []Problem
	for _, name := range s.names {
		dir := s.dirs[name]
		if len(dir.jsonnet) > 0 && len(dir.manifests) == 0 && dir.kustomization == "" && dir.inChart == "" {
			jsonnet = append(jsonnet, Problem{
				Code: CodeJsonnet, Origin: Origin{File: path.Join(name, dir.jsonnet[0])},
				Message: fmt.Sprintf("directory %s holds Jsonnet, which was not rendered", name),
				Hint:    "name the directories that are deployed with --path, or commit what it renders to",
			})
		}
		if len(dir.unread) == 0 {
			continue
		}
		p := s.unread(name)
		if p.Severity == Notice {
			notices = append(notices, p)
		} else {
			unseen = append(unseen, p)
		}
	}
	s.tellAll(unseen)
	s.tellAll(jsonnet)
	s.tellAll(notices)
}

// unread is what is to be said of a directory with files that no unit reads.
func (s *survey) unread(name string) Problem {
	const most = 3
	dir := s.dirs[name]
	files := strings.Join(dir.unread[:min(most, len(dir.unread))], ", ")
	if rest := len(dir.unread) - most; rest > 0 {
		files = fmt.Sprintf("%s and %d more files", files, rest)
	}
	p := Problem{
		Code: CodeUnread, Severity: Notice, Origin: Origin{File: path.Join(name, dir.unread[0])},
		Message: fmt.Sprintf("directory %s holds Kubernetes objects that nothing rendered reads: %s", name, files),
		Hint:    "list them in the kustomization, move them elsewhere, or name the directories that are deployed with --path",
	}
	if dir.images > 0 {
		p.Severity = Unseen
		p.Message += fmt.Sprintf("; %d of %d may name images", dir.images, len(dir.unread))
	}
	return p
}
