package cel

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

func listOfTexts() reflect.Type { return reflect.TypeFor[[]string]() }

// about tells whether a call is about the image that is evaluated. The policy
// is about no other at a time.
func (r *run) about(image ref.Val) ref.Val {
	if text, ok := image.(types.String); !ok || string(text) != r.in.Image {
		return types.NewErr("%sit asks about another image than the one that is verified", unknown)
	}
	return nil
}

// names are the attestors of a list.
func names(attestors ref.Val) ([]string, ref.Val) {
	list, ok := attestors.(traits.Lister)
	if !ok {
		return nil, types.NewErr("want a list of attestors")
	}
	var out []string
	for it := list.Iterator(); it.HasNext() == types.True; {
		attestor, ok := it.Next().(traits.Mapper)
		if !ok {
			return nil, types.NewErr("want a list of attestors")
		}
		name, _ := attestor.Find(types.String("name"))
		text, ok := name.(types.String)
		if !ok {
			return nil, types.NewErr("want a list of attestors")
		}
		out = append(out, string(text))
	}
	return out, nil
}

// count is how many attestors signed, as far as that is known.
func (r *run) count(attestors ref.Val, by map[string]*bool, used string) ref.Val {
	list, problem := names(attestors)
	if problem != nil {
		return problem
	}
	n := 0
	for _, name := range list {
		signed, there := by[name]
		switch {
		case !there:
			return types.NewErr("there is no attestor %s", name)
		case signed == nil:
			return types.NewErr("%swhether %s signed", unknown, name)
		case *signed:
			n++
			r.out.Used = append(r.out.Used, used+name)
		}
	}
	return types.Int(n)
}

// signatures is verifyImageSignatures(image, attestors).
func (r *run) signatures(image, attestors ref.Val) ref.Val {
	if problem := r.about(image); problem != nil {
		return problem
	}
	return r.count(attestors, r.in.Signed, "signed ")
}

// attestations is verifyAttestationSignatures(image, attestation, attestors).
func (r *run) attestations(args ...ref.Val) ref.Val {
	if problem := r.about(args[0]); problem != nil {
		return problem
	}
	name, _ := args[1].(types.String)
	by, there := r.in.Attested[string(name)]
	if !there {
		return types.NewErr("there is no attestation %s", string(name))
	}
	n := r.count(args[2], by, "attested "+string(name)+" ")
	if found, ok := n.(types.Int); ok && found > 0 {
		if r.verified == nil {
			r.verified = map[string]bool{}
		}
		r.verified[string(name)] = true
	}
	return n
}

// payload is extractPayload(image, attestation), which asks for one that was
// verified before.
func (r *run) payload(image, attestation ref.Val) ref.Val {
	if problem := r.about(image); problem != nil {
		return problem
	}
	name, _ := attestation.(types.String)
	raw, there := r.in.Payloads[string(name)]
	if !there || !r.verified[string(name)] {
		return types.NewErr("the payload of %s is asked for, and it was not verified before", string(name))
	}
	var value any
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&value); err != nil {
		return types.NewErr("the payload of %s is no JSON", string(name))
	}
	return types.DefaultTypeAdapter.NativeToValue(value)
}
