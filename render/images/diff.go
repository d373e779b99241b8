package images

import (
	"slices"

	"github.com/syncgate/syncgate/render"
)

// ChangeKind says how an image differs between two revisions.
type ChangeKind string

// The kinds of changes.
const (
	// Added is an image at a place that named none.
	Added ChangeKind = "new"
	// Changed is an image at a place that named another.
	Changed ChangeKind = "changed"
	// Removed is an image at a place that names none any more.
	Removed ChangeKind = "removed"
)

// Change is an image with the places at which it differs.
type Change struct {
	Kind ChangeKind `json:"change"`
	render.Image
	// Was is what the places of a changed image named before.
	Was string `json:"was,omitempty"`
}

// Diff returns what differs between the images of two revisions: first those
// that the second has, in its order, then those that are gone. Places are the
// same if unit, object and field are. An image that only moved within its
// object, as the others do when a container is put before them, does not
// differ.
func Diff(before, after []render.Image) []Change {
	old := placesOf(before)
	moved := old.without(placesOf(after))
	kept := placesOf(after).without(old)
	d := differ{index: map[changeKey]int{}}
	for _, image := range after {
		for _, l := range image.Locations {
			was, known := old[placeOf(l)]
			switch {
			case known && was == image.Reference:
			case moved.take(objectOf(l), image.Reference):
			case known:
				d.add(Changed, image, l, was)
			default:
				d.add(Added, image, l, "")
			}
		}
	}
	now := placesOf(after)
	for _, image := range before {
		for _, l := range image.Locations {
			if _, known := now[placeOf(l)]; !known && !kept.take(objectOf(l), image.Reference) {
				d.add(Removed, image, l, "")
			}
		}
	}
	return d.changes
}

// objectPlace is an object of a unit.
type objectPlace struct {
	unit   string
	object render.ObjectID
}

// place is a field of an object of a unit.
type place struct {
	objectPlace
	field string
}

func objectOf(l render.Location) objectPlace { return objectPlace{l.Unit, l.Object} }
func placeOf(l render.Location) place        { return place{objectOf(l), l.Field} }

// places are what each place names.
type places map[place]string

func placesOf(images []render.Image) places {
	p := places{}
	for _, image := range images {
		for _, l := range image.Locations {
			p[placeOf(l)] = image.Reference
		}
	}
	return p
}

// references are those of each object, as often as it names them.
type references map[objectPlace][]string

// without returns what is named at places that do not name it in other.
func (p places) without(other places) references {
	left := references{}
	for at, reference := range p {
		if other[at] != reference {
			left[at.objectPlace] = append(left[at.objectPlace], reference)
		}
	}
	return left
}

// take takes a reference out, and tells whether it was there.
func (r references) take(object objectPlace, reference string) bool {
	i := slices.Index(r[object], reference)
	if i < 0 {
		return false
	}
	r[object] = slices.Delete(r[object], i, i+1)
	return true
}

// changeKey tells changes apart.
type changeKey struct {
	kind           ChangeKind
	reference, was string
}

// differ gathers changes.
type differ struct {
	changes []Change
	index   map[changeKey]int
}

func (d *differ) add(kind ChangeKind, image render.Image, l render.Location, was string) {
	key := changeKey{kind, image.Reference, was}
	at, known := d.index[key]
	if !known {
		at = len(d.changes)
		d.index[key] = at
		d.changes = append(d.changes, Change{Kind: kind, Was: was, Image: render.Image{Reference: image.Reference, Class: image.Class}})
	}
	d.changes[at].Locations = append(d.changes[at].Locations, l)
}
