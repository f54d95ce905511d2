// Ids of nodes, vClusters, users and clients, apart from the reader of site.toml: whoever checks an id needs no TOML.
export const SITE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
