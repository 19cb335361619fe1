/**
 * Writes EROFS images (Linux: fs/erofs/erofs_fs.h, Documentation/filesystems/erofs.rst), uncompressed, in one pass:
 * file data and inodes go out as they come, only the tree of names stays in memory; directories, the root inode and
 * the superblock follow at the end. The format lets inodes lie anywhere, so only the root's place is fixed.
 */
package dev.izolo.image.erofs;
