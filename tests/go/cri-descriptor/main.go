// Command cri-descriptor prints the wire facts of the published Kubernetes CRI, one per line, sorted: every field with
// its number, type and label, every enum value, every RPC. They are read from the descriptor compiled into the
// k8s.io/cri-api module itself, so they cannot differ from what a kubelet of that version sends. The unit tests of
// cri-frontend/api compare Izolo's own api.proto with this output.
package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const protoPackage = "runtime.v1."

func main() {
	file := v1.File_staging_src_k8s_io_cri_api_pkg_apis_runtime_v1_api_proto
	lines := slices.Concat(
		messageFacts(file.Messages()),
		enumFacts(file.Enums()),
		serviceFacts(file.Services()))
	slices.Sort(lines)
	out := bufio.NewWriter(os.Stdout)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "cri-descriptor:", err)
		os.Exit(1)
	}
}

func messageFacts(messages protoreflect.MessageDescriptors) (lines []string) {
	for i := range messages.Len() {
		message := messages.Get(i)
		if message.IsMapEntry() {
			continue // told by the map field's own type
		}
		for j := range message.Fields().Len() {
			field := message.Fields().Get(j)
			lines = append(lines, fmt.Sprintf("%s %s%s %s = %d",
				shortName(message), label(field), fieldType(field), field.Name(), field.Number()))
		}
		lines = append(lines, messageFacts(message.Messages())...)
		lines = append(lines, enumFacts(message.Enums())...)
	}
	return lines
}

func enumFacts(enums protoreflect.EnumDescriptors) (lines []string) {
	for i := range enums.Len() {
		enum := enums.Get(i)
		for j := range enum.Values().Len() {
			value := enum.Values().Get(j)
			lines = append(lines, fmt.Sprintf("%s %s = %d", shortName(enum), value.Name(), value.Number()))
		}
	}
	return lines
}

func serviceFacts(services protoreflect.ServiceDescriptors) (lines []string) {
	for i := range services.Len() {
		service := services.Get(i)
		for j := range service.Methods().Len() {
			method := service.Methods().Get(j)
			lines = append(lines, fmt.Sprintf("%s rpc %s(%s%s) returns (%s%s)",
				service.Name(), method.Name(),
				stream(method.IsStreamingClient()), method.Input().Name(),
				stream(method.IsStreamingServer()), method.Output().Name()))
		}
	}
	return lines
}

func label(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsList():
		return "repeated "
	case field.HasOptionalKeyword():
		return "optional "
	default:
		return ""
	}
}

func fieldType(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsMap():
		return fmt.Sprintf("map<%s, %s>", fieldType(field.MapKey()), fieldType(field.MapValue()))
	case field.Message() != nil:
		return shortName(field.Message())
	case field.Enum() != nil:
		return shortName(field.Enum())
	default:
		return field.Kind().String()
	}
}

func stream(streaming bool) string {
	if streaming {
		return "stream "
	}
	return ""
}

func shortName(descriptor protoreflect.Descriptor) string {
	return strings.TrimPrefix(string(descriptor.FullName()), protoPackage)
}
