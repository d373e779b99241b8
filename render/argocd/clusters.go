package argocd

import (
	"encoding/base64"
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// Cluster is a cluster that Argo CD knows, without its credentials.
type Cluster struct {
	// Name and Server are those of the cluster, Project the project that it
	// is scoped to.
	Name, Server, Project string
	// Labels and Annotations are those of the cluster's Secret.
	Labels, Annotations map[string]string
}

// inCluster is the server of the cluster that Argo CD runs in.
const inCluster = "https://kubernetes.default.svc"

// LoadClusters reads a file of clusters: a list of clusters with name, server,
// project, labels and annotations, alone or under the key clusters; or cluster
// Secrets, of which only these are read. A file without clusters is a list of
// none: the cluster that Argo CD runs in alone.
func LoadClusters(data []byte) ([]Cluster, error) {
	if len(data) > bounds.FileBytes {
		return nil, fmt.Errorf("read clusters: file has more than %d bytes", bounds.FileBytes)
	}
	list := []Cluster{}
	objects, problems := render.ParseObjects("clusters.yaml", data)
	for _, object := range objects {
		if object.ID.Kind != "Secret" {
			return nil, fmt.Errorf("read clusters: line %d: %s is no Secret", object.Origin.Line, object.ID)
		}
		cluster, err := secretCluster(object)
		if err != nil {
			return nil, err
		}
		list = append(list, cluster)
	}
	for _, p := range problems {
		if p.Severity != render.Notice {
			return nil, fmt.Errorf("read clusters: %w", &p)
		}
	}
	if len(objects) > 0 {
		return list, nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil || len(document.Content) == 0 {
		return list, err
	}
	root, err := render.Expand(document.Content[0])
	if err != nil {
		return nil, fmt.Errorf("read clusters: %w", err)
	}
	if twice := repeatedKey(root); twice != nil {
		return nil, fmt.Errorf("read clusters: line %d: key %q is given twice", twice.Line, twice.Value)
	}
	if root.Kind == yaml.MappingNode && len(root.Content) == 2 && root.Content[0].Value == "clusters" {
		root = root.Content[1]
	}
	d := &decoder{id: render.ObjectID{Kind: "clusters"}}
	in := rootOf(render.Object{ID: d.id, Node: root, Origin: render.Origin{File: "clusters"}})
	d.list(func(c cursor) {
		var one Cluster
		var labels, annotations []pair
		d.mapping(c, fields{
			"name": d.str(&one.Name), "server": d.str(&one.Server), "project": d.str(&one.Project),
			"labels": d.pairs(&labels), "annotations": d.pairs(&annotations),
		})
		one.Labels, one.Annotations = pairMap(labels), pairMap(annotations)
		if one.Name == "" || one.Server == "" {
			d.fail(c, CodeField, "cluster has no name or no server", "name both")
		}
		list = append(list, one)
	})(in)
	if len(d.problems) > 0 {
		return nil, fmt.Errorf("read clusters: %w", &d.problems[0])
	}
	return list, nil
}

// pairMap makes a map of pairs.
func pairMap(pairs []pair) map[string]string {
	m := map[string]string{}
	for _, p := range pairs {
		m[p.key] = p.value.text
	}
	return m
}

// secretCluster reads a cluster Secret.
func secretCluster(object render.Object) (Cluster, error) {
	c := rootOf(object)
	read := func(key string) (string, error) {
		if plain := c.at("stringData", key).text(); plain != "" {
			return plain, nil
		}
		text, err := base64.StdEncoding.DecodeString(c.at("data", key).text())
		if err != nil {
			return "", fmt.Errorf("read clusters: %s: data.%s is not base64", object.ID, key)
		}
		return string(text), nil
	}
	name, errName := read("name")
	server, errServer := read("server")
	project, errProject := read("project")
	d := &decoder{id: object.ID}
	var labels, annotations []pair
	for key, into := range map[string]*[]pair{"labels": &labels, "annotations": &annotations} {
		if below := c.at("metadata", key); below.has() {
			d.pairs(into)(below)
		}
	}
	cluster := Cluster{Name: name, Server: server, Project: project, Labels: pairMap(labels), Annotations: pairMap(annotations)}
	if cluster.Labels["argocd.argoproj.io/secret-type"] != "cluster" {
		return cluster, fmt.Errorf("read clusters: %s is not labelled argocd.argoproj.io/secret-type: cluster", object.ID)
	}
	return cluster, errors.Join(errName, errServer, errProject)
}
