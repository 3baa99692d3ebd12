// Verifies a log that was exported as tiles with the packages that Go's own checksum database is built on,
// golang.org/x/mod/sumdb/note and .../tlog, and a proof that the log has grown out of an older state.
//
//	verify_tiles DIR KEY [PROOF OLDSIZE OLDROOT]
//
// Checked are the checkpoint's signature, every tile against the root that was signed, every entry against its leaf and its
// inclusion in the tree, and each earlier tree against the last one.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tiles reads the tiles of height 8 in a folder, under the names of C2SP tlog-tiles: without the height.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		name := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, name))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// checkpoint opens a signed note and gives the tree in it.
func checkpoint(signed []byte, key string) tlog.Tree {
	verifier, err := note.NewVerifier(key)
	check(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		log.Fatalf("not a checkpoint of %s: %q", verifier.Name(), opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	return tlog.Tree{N: size, Hash: hash(lines[2])}
}

func hash(text string) tlog.Hash {
	data, err := base64.StdEncoding.DecodeString(text)
	check(err)
	var found tlog.Hash
	if copy(found[:], data) != len(data) || len(data) != tlog.HashSize {
		log.Fatalf("not a hash: %q", text)
	}
	return found
}

// entries calls use for each record of the bundles.
func entries(folder string, size int64, use func(index int64, record []byte)) {
	for index := int64(0); index < size; {
		width := size - index
		if width > 256 {
			width = 256
		}
		name := strings.Replace(tlog.Tile{H: 8, L: -1, N: index / 256, W: int(width)}.Path(), "tile/8/data/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(folder, name))
		check(err)
		for ; width > 0; width, index = width-1, index+1 {
			length := int(binary.BigEndian.Uint16(data))
			use(index, data[2:2+length])
			data = data[2+length:]
		}
		if len(data) > 0 {
			log.Fatalf("%s has %d bytes too many", name, len(data))
		}
	}
}

// grown checks a proof as a C2SP tlog-witness is sent it: the older size, hashes, an empty line, the checkpoint.
func grown(path, key string, size int64, root tlog.Hash) {
	file, err := os.Open(path)
	check(err)
	lines := bufio.NewScanner(file)
	lines.Scan()
	if lines.Text() != fmt.Sprintf("old %d", size) {
		log.Fatalf("%s begins with %q", path, lines.Text())
	}
	var proof tlog.TreeProof
	for lines.Scan() && lines.Text() != "" {
		proof = append(proof, hash(lines.Text()))
	}
	var signed strings.Builder
	for lines.Scan() {
		signed.WriteString(lines.Text() + "\n")
	}
	tree := checkpoint([]byte(signed.String()), key)
	check(tlog.CheckTree(proof, tree.N, tree.Hash, size, root))
}

func main() {
	log.SetFlags(0)
	folder, key := os.Args[1], os.Args[2]
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	check(err)
	tree := checkpoint(signed, key)
	reader := tlog.TileHashReader(tree, tiles{folder})
	entries(folder, tree.N, func(index int64, record []byte) {
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		check(err)
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(record)))
	})
	for size := int64(1); size <= tree.N; size++ {
		root, err := tlog.TreeHash(size, reader)
		check(err)
		proof, err := tlog.ProveTree(tree.N, size, reader)
		check(err)
		check(tlog.CheckTree(proof, tree.N, tree.Hash, size, root))
	}
	if len(os.Args) > 3 {
		size, err := strconv.ParseInt(os.Args[4], 10, 64)
		check(err)
		grown(os.Args[3], key, size, hash(os.Args[5]))
	}
	fmt.Printf("%d records\n", tree.N)
}
