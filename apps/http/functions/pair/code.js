// A collection with one member whose name is known only when the module runs.
function pair(name, value) {
  return { [name]: value };
}
