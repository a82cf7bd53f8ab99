// A module that is still only headers has an object to archive.
